import Checkpoints
import Foundation
import NeuralGraph
import SegSAM

/// Writes a bundle's three files from somebody else's checkpoint, a tensor at a time.
struct CheckpointImport: Sendable {
  var path: String
  var name: String
  var summary: String?
  var pixels: PixelArgument?
  var decoderHeads: Int?
  var isHalf = false

  /// - Throws: `CheckpointError`, `BundleError` or `SafetensorsError`; the folder is then of no use.
  func write(to folder: URL, progress: Progress) throws -> ImportedModel {
    let checkpoint = try Checkpoint(path: path)
    let names: SAMNames
    do {
      names = try SAMNames(of: checkpoint.names)
    } catch {
      throw CheckpointError(error.code, "\(path): \(error.message)")
    }
    let sources = names.sources
    let shapes = sources.compactMapValues { checkpoint.tensors[$0]?.shape }
    let outer = names.isInner ? try outer() : nil
    var configuration: SAMConfiguration
    do {
      configuration = try SAMConfiguration(shapes: shapes, hints: hints(checkpoint, names, outer))
    } catch let error as BundleError {
      throw BundleError(error.code, "\(path): \(error.message)")
    }
    // Neither shape nor name tells how images were shown to it; who imports it may edit the manifest.
    if pixels == .unit {
      configuration.preprocessing = .medsam
    } else if let outer {
      configuration.preprocessing = outer.preprocessing
    } else if configuration.hasAdapters {
      configuration.preprocessing = .sammed2d
    }
    var manifest = Manifest(
      name: name, version: "1", network: NetworkConfiguration(), categories: [], modalities: [],
      textEncoder: "")
    manifest.summary = summary ?? "imported from \(fileName)"
    manifest.sam = configuration

    let weights = folder.appendingPathComponent("weights.safetensors").path
    var done = 0
    try Safetensors.write(
      shapes: shapes, dtype: isHalf ? .f16 : .f32,
      metadata: ["format": manifest.format, "model": name], to: weights
    ) { name in
      defer {
        done += 1
        progress.advance(done, of: shapes.count)
      }
      return try checkpoint.floats(sources[name] ?? name)
    }
    let made = ImportedModel(
      manifest: manifest, configuration: configuration, fileName: fileName,
      digest: try FileDigest.sha256(path: path), kind: checkpoint.kind, layout: names.layout,
      parameters: shapes.values.reduce(0) { $0 + $1.reduce(1, *) }, tensors: shapes.count,
      isHalf: isHalf, isInner: names.isInner)
    try Data(made.card.utf8).write(to: folder.appendingPathComponent("MODEL_CARD.md"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (try encoder.encode(manifest) + [0x0a])
      .write(to: folder.appendingPathComponent("manifest.json"))
    return made
  }

  /// What the manifest beside the weights of a model of ours says of the network that it holds.
  private func outer() throws -> SAMConfiguration? {
    let file = URL(fileURLWithPath: path).deletingLastPathComponent()
      .appendingPathComponent("manifest.json")
    guard let data = try? Data(contentsOf: file) else { return nil }
    do {
      return try JSONDecoder().decode(Manifest.self, from: data).network.sam
    } catch {
      throw BundleError(.invalid, "\(file.path): \(error)")
    }
  }

  private var fileName: String { URL(fileURLWithPath: path).lastPathComponent }

  /// What shapes cannot say: the command line first, then the checkpoint, then the files beside it.
  ///
  /// - Parameter outer: of the model that the network is a part of.
  private func hints(
    _ checkpoint: Checkpoint, _ names: SAMNames, _ outer: SAMConfiguration?
  ) throws -> SAMHints {
    var hints = outer.map { SAMHints($0) } ?? SAMHints()
    if names.layout == .huggingFace {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      hints = try SAMHints(huggingFace: folder)
    }
    if let mean = names.pixelMean, let deviation = names.pixelDeviation {
      for name in [mean, deviation] where checkpoint.tensors[name]?.count != 3 {
        throw BundleError(.invalid, "\(path): \"\(name)\" is not of three colours")
      }
      hints.pixelMean = try checkpoint.floats(mean).map(Double.init)
      hints.pixelDeviation = try checkpoint.floats(deviation).map(Double.init)
    }
    switch pixels {
    case .unit: hints.useUnitPixels()
    case .sam: (hints.pixelMean, hints.pixelDeviation) = (nil, nil)
    case nil: break
    }
    hints.decoderHeads = decoderHeads ?? hints.decoderHeads
    return hints
  }
}
