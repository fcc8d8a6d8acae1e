import Foundation

/// What a person says of a data set that is not in the corpus format: `labels.json` beside `images/`,
/// `segsam.json` beside the files of the other layouts.
struct DataSetNotes: Decodable {
  var name: String?
  /// DICOM's term, where the layout does not say it.
  var modality: String?
  /// Mask value, or the set's own name of a label → category; null: it counts as background.
  var labels: [String: String?]?
  /// Category → categories drawn inside it that belong to it too; nil: what the vocabulary says.
  var contains: [String: [String]]?
  /// Where a case's name says its patient: a regular expression, or a file in the folder.
  var patients: String?
  /// Split → its share, or the patients in it.
  var split: [String: SplitRule]?
  /// nnU-Net: which channel is read, from 0.
  var channel: Int?
  /// SA-Med2D-20M: only these data sets of it.
  var dataSets: [String]?
  /// SA-Med2D-20M: at most so many images of a data set.
  var limit: Int?
  /// `background`: labels without a category are left out instead of being an error.
  var others: String?
  var licence: String?, licenceClass: String?, source: String?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, modality, labels, contains, patients, split, channel, limit, others, licence, source
    case dataSets = "data_sets"
    case licenceClass = "licence_class"
  }

  enum SplitRule: Decodable {
    case share(Double)
    case patients([String])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let share = try? value.decode(Double.self) {
        self = .share(share)
      } else {
        self = .patients(try value.decode([String].self))
      }
    }
  }

  static let fileName = "segsam.json"

  /// - Returns: empty notes where there is no such file.
  static func read(_ file: URL) throws(CorpusError) -> DataSetNotes {
    guard FileManager.default.fileExists(atPath: file.path) else { return DataSetNotes() }
    let notes: DataSetNotes
    let members: [String]
    do {
      let bytes = try Data(contentsOf: file)
      notes = try JSONDecoder().decode(DataSetNotes.self, from: bytes)
      let object = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
      members = object?.keys.sorted() ?? []
    } catch {
      throw CorpusError(file.path, "\(error)")
    }
    // A misspelt "patients" would put a patient into two splits without a word.
    let known = CodingKeys.allCases.map(\.rawValue)
    let strange = members.filter { !known.contains($0) }
    guard strange.isEmpty else {
      throw CorpusError(
        file.path,
        "unknown: \(strange.joined(separator: ", ")); it takes "
          + known.sorted().joined(separator: ", "))
    }
    guard notes.others == nil || notes.others == "background" else {
      throw CorpusError(file.path, "\"others\" is \"background\" or left away")
    }
    guard notes.limit ?? 1 > 0, (0...9999).contains(notes.channel ?? 0) else {
      throw CorpusError(file.path, "\"limit\" is 1 or more, \"channel\" 0 to 9999")
    }
    return notes
  }
}
