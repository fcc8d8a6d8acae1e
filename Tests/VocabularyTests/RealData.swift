import Foundation
import Testing
import Vocabulary

/// The data of this repository.
enum RealData {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let location = VocabularyLocation(
    vocabulary: root.appendingPathComponent("vocab"),
    prompts: root.appendingPathComponent("prompts"))
  static let corpus = root.deletingLastPathComponent().appendingPathComponent("shared/corpus")

  /// Loaded once: every test of the data reads it.
  static let vocabulary: Result<Vocabulary, VocabularyError> = {
    do throws(VocabularyError) {
      return .success(try Vocabulary.load(at: location))
    } catch {
      return .failure(error)
    }
  }()
}
