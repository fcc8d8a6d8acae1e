public import Foundation

/// Checks the data of a vocabulary against the rules of `docs/vocabulary.md`.
///
/// In CI and by `segsam categories --validate`; ``Vocabulary/load(directory:promptsDirectory:)``
/// runs all but the comparison of sentences.
public enum VocabularyValidator {
  /// Everything that is wrong, in the order of the files.
  /// - Throws: ``VocabularyError`` with code `unreadable` where a folder cannot be listed. Anything
  ///   wrong inside it is a finding.
  public static func validate(
    directory: URL, promptsDirectory: URL
  ) throws(VocabularyError) -> [Finding] {
    let files = try VocabularyFiles.read(directory: directory, promptsDirectory: promptsDirectory)
    return files.findings + structuralFindings(in: files) + sentenceFindings(in: files)
  }

  /// Checks the data at a location; see ``validate(directory:promptsDirectory:)``.
  public static func validate(at location: VocabularyLocation) throws(VocabularyError) -> [Finding]
  {
    try validate(directory: location.vocabulary, promptsDirectory: location.prompts)
  }

  static func structuralFindings(in files: VocabularyFiles) -> [Finding] {
    duplicateIDs(in: files) + sharedNames(in: files) + sharedCodes(in: files)
      + relationFindings(in: files) + descriptionFindings(in: files)
  }

  private static func duplicateIDs(in files: VocabularyFiles) -> [Finding] {
    var owners: [String: String] = [:]
    return files.categories.compactMap { located in
      let id = located.value.id
      guard let other = owners.updateValue(located.file, forKey: id) else { return nil }
      return Finding(
        .duplicateID, file: located.file, entry: id, "the id stands in \(other) already")
    }
  }
}
