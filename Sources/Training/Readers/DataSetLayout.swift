public import Foundation
import Vocabulary

/// How the files of a data set lie in its folder (docs/training.md, section Data).
public enum DataSetLayout: String, Sendable, Codable, CaseIterable {
  /// The project's own: `dataset.json` with a list of cases.
  case corpus
  /// `images/` and `masks/` or `labels/`, with a `labels.json`.
  case folders = "images and masks"
  /// nnU-Net's raw data, versions 1 and 2.
  case nnUNet = "nnU-Net raw"
  /// SA-Med2D-20M (arXiv 2311.11969).
  case saMed2D = "SA-Med2D-20M"

  /// For messages.
  static let lookedFor =
    "looked for dataset.json (the corpus format, or nnU-Net's beside imagesTr/ and labelsTr/), "
    + "images/ and masks/ or labels/ with labels.json, and \(SAMed2D.indexName) with "
    + SAMed2D.classesName

  /// That of a folder; nil where it is none that is known.
  public init?(of folder: URL) {
    if folder.has(SAMed2D.indexName) {
      self = .saMed2D
    } else if folder.has("dataset.json") {
      self = NNUNetRaw.describes(folder) ? .nnUNet : .corpus
    } else if folder.has("images"), folder.has("masks") || folder.has("labels") {
      self = .folders
    } else {
      return nil
    }
  }

  /// The data sets of a folder: one, but of SA-Med2D-20M many.
  func read(
    _ folder: URL, vocabulary: Vocabulary
  ) throws(CorpusError) -> [Corpus.DataSet] {
    switch self {
    case .corpus: [try Corpus.read(folder)]
    case .folders: [try ImagesAndMasks.read(folder, vocabulary: vocabulary)]
    case .nnUNet: [try NNUNetRaw.read(folder, vocabulary: vocabulary)]
    case .saMed2D: try SAMed2D.read(folder, vocabulary: vocabulary)
    }
  }
}

extension URL {
  /// Whether a folder holds a file or folder of this name.
  func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: appendingPathComponent(name).path)
  }
}
