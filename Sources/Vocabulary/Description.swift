/// What a category looks like, in words: `prompts/<id>.json`, written by a language model.
public struct Description: Sendable, Hashable {
  /// The id of the category described.
  public let category: String
  /// The template that elicited it (`aspects-v1`, in `prompts/templates`).
  public let template: String
  /// The day it was written, `YYYY-MM-DD`.
  public let date: String
  /// Form and size.
  public let shape: String
  /// Inner structure and borders.
  public let texture: String
  /// Where in the body and in the picture; sides are the patient's.
  public let location: String
  /// Grey level or colour against the surroundings, by DICOM modality.
  public let appearance: [String: String]
  /// What lies beside it.
  public let neighbours: String
  /// How else somebody might ask for it. Networks are trained on them; no query is encoded by them.
  public internal(set) var phrasings: [String]

  public init(
    category: String, template: String, date: String, shape: String, texture: String,
    location: String, appearance: [String: String], neighbours: String, phrasings: [String] = []
  ) {
    self.category = category
    self.template = template
    self.date = date
    self.shape = shape
    self.texture = texture
    self.location = location
    self.appearance = appearance
    self.neighbours = neighbours
    self.phrasings = phrasings
  }
}

/// The aspects whose text vectors stand for a category, in the order of the network's input f_t.
public enum Aspect: String, Sendable, CaseIterable {
  case name, shape, texture, location, appearance, neighbours
}

extension Description {
  /// The text of the modality, or of the first of `preferred` that there is, or of the first in
  /// alphabetical order; `nil` where there is none at all.
  func appearance(in modality: String?, preferred: [String]) -> String? {
    let asked = modality.map { [$0.uppercased()] } ?? []
    // Computed and digital radiography make the same picture.
    let twins = asked.compactMap { ["CR": "DX", "DX": "CR"][$0] }
    for candidate in asked + twins + preferred {
      if let text = appearance[candidate] { return text }
    }
    return appearance.min { $0.key < $1.key }?.value
  }
}
