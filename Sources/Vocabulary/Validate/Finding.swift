/// A rule that the data break, with the file and the entry that break it.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
  /// The rules of `docs/vocabulary.md`; raw values are stable.
  public enum Rule: String, Sendable, CaseIterable {
    case unreadableFile = "unreadable-file"
    case strayFile = "stray-file"
    case badEntry = "bad-entry"
    case duplicateID = "duplicate-id"
    case sharedName = "shared-name"
    case sharedCode = "shared-code"
    case missingDescription = "missing-description"
    case missingAppearance = "missing-appearance"
    case badDescription = "bad-description"
    case unknownCategory = "unknown-category"
    case dangling = "dangling-reference"
    case cycle = "cycle"
    case sharedSentence = "shared-sentence"
  }

  public let rule: Rule
  /// The file, relative to the folder that holds `vocab/` and `prompts/`: `vocab/abdomen.json`.
  public let file: String
  /// The id of the entry, if the finding is about one.
  public let entry: String?
  public let message: String

  public init(_ rule: Rule, file: String, entry: String? = nil, _ message: String) {
    self.rule = rule
    self.file = file
    self.entry = entry
    self.message = message
  }

  public var description: String {
    "\(file): \(entry.map { "\($0): " } ?? "")\(message) [\(rule.rawValue)]"
  }
}
