import Foundation

/// A folder with a small sound vocabulary, removed with the value; tests break it in one place.
final class Scratch {
  let root: URL
  var vocab: URL { root.appendingPathComponent("vocab") }
  var prompts: URL { root.appendingPathComponent("prompts") }
  var entries: [String: [String: Any]] = [:]
  var descriptions: [String: [String: Any]] = [:]

  init() throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("vocabulary-\(UUID().uuidString)")
    for (number, id) in ["organs", "left_organ", "right_organ", "organ_lesion"].enumerated() {
      entries[id] = Self.entry(id, number: number)
      descriptions[id] = Self.description(id, number: number)
    }
    entries["organs"]?["parts"] = ["left_organ", "right_organ"]
    entries["organs"]?["laterality"] = "bilateral"
    for side in ["left", "right"] {
      entries["\(side)_organ"]?["laterality"] = side
      entries["\(side)_organ"]?["parent"] = "organs"
    }
    entries["organ_lesion"]?["inside"] = "organs"
    try write()
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// Writes entries and descriptions as they are now.
  func write() throws {
    for folder in [vocab, prompts] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    let ordered = entries.sorted { $0.key < $1.key }.map(\.value)
    try write(
      ["region": "test", "categories": ordered], to: vocab.appendingPathComponent("test.json"))
    for (id, description) in descriptions {
      try write(description, to: prompts.appendingPathComponent("\(id).json"))
    }
  }

  func write(_ object: Any, to url: URL) throws {
    try JSONSerialization.data(withJSONObject: object).write(to: url)
  }

  func setAspect(_ aspect: String, of id: String, to text: Any?) {
    var aspects = descriptions[id]?["aspects"] as? [String: Any] ?? [:]
    aspects[aspect] = text
    descriptions[id]?["aspects"] = aspects
  }

  static func entry(_ id: String, number: Int) -> [String: Any] {
    let name = id.replacingOccurrences(of: "_", with: " ")
    let concept = ["scheme": "99SEGSAM", "value": id, "meaning": name]
    return [
      "id": id, "name": name,
      "names": ["en": [name], "la": [], "zh": ["\(["甲", "乙", "丙", "丁"][number % 4])官"]],
      "codes": ["SCT": "100\(number)"], "laterality": "unpaired", "parent": NSNull(),
      "inside": NSNull(), "parts": [], "modalities": ["CT", "MR"], "color": [10, 20, number],
      "dicom": ["category": concept, "type": concept],
    ]
  }

  static func description(_ id: String, number: Int) -> [String: Any] {
    let odd = ["oval", "lobed", "curved", "flat"][number % 4]
    func text(_ topic: String) -> String {
      "This \(odd) thing has a \(topic) of its own kind that \(odd) readers would notice at once."
    }
    return [
      "category": id, "template": "aspects-v1", "date": "2026-11-21",
      "aspects": [
        "shape": text("shape"), "texture": text("texture"), "location": text("location"),
        "appearance": ["CT": text("greyness"), "MR": text("brightness")],
        "neighbours": text("neighbourhood"),
      ],
    ]
  }
}
