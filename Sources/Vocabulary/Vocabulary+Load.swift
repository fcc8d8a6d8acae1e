public import Foundation

extension Vocabulary {
  /// Reads every `*.json` of both folders and checks it.
  ///
  /// All rules hold of what is returned, but the one that no sentence serves two categories: that
  /// one is about the quality of the data, and ``VocabularyValidator`` checks it.
  /// - Throws: ``VocabularyError`` with code `unreadable` where a folder cannot be listed, or
  ///   `invalid` with everything that is wrong, by file and entry.
  public static func load(
    directory: URL, promptsDirectory: URL
  ) throws(VocabularyError) -> Vocabulary {
    let files = try VocabularyFiles.read(directory: directory, promptsDirectory: promptsDirectory)
    let findings = files.findings + VocabularyValidator.structuralFindings(in: files)
    guard findings.isEmpty else {
      throw VocabularyError(
        .invalid, "the vocabulary in \(directory.path) has \(findings.count) faults; mend them:",
        findings: findings)
    }
    return Vocabulary(
      categories: files.categories.map(\.value), descriptions: files.descriptions.map(\.value))
  }

  /// Reads the data at a location; see ``load(directory:promptsDirectory:)``.
  public static func load(at location: VocabularyLocation) throws(VocabularyError) -> Vocabulary {
    try load(directory: location.vocabulary, promptsDirectory: location.prompts)
  }
}
