import Checkpoints
import Foundation
import JSONC
import SegSAM

/// What was imported, for the model card and for whom the command is told.
struct ImportedModel: Sendable {
  var manifest: Manifest
  var configuration: SAMConfiguration
  var fileName: String
  var digest: String
  var kind: Checkpoint.Kind
  var layout: SAMNames.Layout
  var parameters: Int, tensors: Int
  var isHalf: Bool
  /// Whether it was a part of a model of this program's.
  var isInner: Bool

  private var origin: String {
    isInner
      ? """
      These weights were a part of a model of this program's, which
      may have trained them further; what they are worth by themselves was not measured. Their licence and their limits are
      those of whoever published them first, and of the data that they were trained on since.
      """
      : """
      These are somebody else's weights, imported
      as they are. This project has not trained or measured them and claims no accuracy for them. Their licence
      and their limits are those of whoever published them.
      """
  }

  private var precision: String { isHalf ? "half precision" : "single precision" }

  var card: String {
    let sizes = configuration
    let adapters = sizes.hasAdapters ? ", with SAM-Med2D's adapters" : ""
    return """
      # \(manifest.name)

      \(manifest.summary)

      **For research only. Not a medical device; not for diagnosis.** \(origin)

      ## Source

      | | |
      | --- | --- |
      | file | `\(fileName)` |
      | sha256 | `\(digest)` |
      | format | \(kind.rawValue), names of \(layout.rawValue) |
      | written as | \(precision) |

      ## Network

      A vision transformer in Segment Anything's layout (arXiv 2304.02643)\(adapters): images of
      \(sizes.imageSize)×\(sizes.imageSize), \(sizes.depth) blocks of width \(sizes.width) with \(sizes.heads) heads, \(parameters) parameters in \(tensors) tensors. It answers
      boxes and clicks; it knows no categories and no text.

      """
  }

  func text(folder: String) -> String {
    "written to \(folder): \(manifest.name), \(parameters) parameters in \(precision), images of"
      + " \(configuration.imageSize)×\(configuration.imageSize), from \(fileName) (\(kind.rawValue))"
  }

  func json(folder: String) throws -> JSONValue {
    [
      "model": [
        "name": .string(manifest.name), "version": .string(manifest.version),
        "folder": .string(folder),
      ],
      "source": [
        "file": .string(fileName), "sha256": .string(digest), "format": .string(kind.rawValue),
        "names": .string(layout.rawValue),
      ],
      "parameters": .int(Int64(parameters)), "tensors": .int(Int64(tensors)),
      "precision": .string(isHalf ? "f16" : "f32"),
      "sam": try JSONCEncoder().value(of: configuration),
    ]
  }
}
