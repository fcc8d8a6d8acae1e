public import Foundation
import NeuralGraph
public import OpenVINORuntime
import Vocabulary

/// A model in a folder: `manifest.json`, `weights.safetensors`, `MODEL_CARD.md`.
public struct ModelBundle: Sendable {
  public let directory: URL
  public var manifest: Manifest
  /// The network's parameters by name.
  public let weights: [String: (shape: [Int], values: [Float])]

  /// Reads a bundle and checks that its parts fit each other.
  ///
  /// - Throws: `BundleError` saying which file is at fault.
  public static func load(directory: URL) throws(BundleError) -> ModelBundle {
    let manifestFile = directory.appendingPathComponent("manifest.json")
    let data: Data
    do {
      data = try Data(contentsOf: manifestFile)
    } catch {
      throw BundleError(
        .notFound, "no model in \(directory.path): \(error.localizedDescription)")
    }
    let manifest: Manifest
    do {
      manifest = try JSONDecoder().decode(Manifest.self, from: data)
    } catch {
      throw BundleError(.invalid, "\(manifestFile.path): \(error)")
    }
    guard manifest.format == Manifest.currentFormat else {
      throw BundleError(
        .invalid,
        "\(manifestFile.path) is of format \(manifest.format), this program reads "
          + Manifest.currentFormat)
    }
    try manifest.network.check(manifestFile.path)
    try manifest.network.sam?.check(manifestFile.path)
    try manifest.sam?.check(manifestFile.path)
    guard manifest.modalities.count == manifest.categories.count,
      manifest.sam != nil || !manifest.categories.isEmpty,
      Set(manifest.categories).count == manifest.categories.count
    else {
      throw BundleError(
        .invalid, "\(manifestFile.path): categories and modalities do not fit each other")
    }
    let path = directory.appendingPathComponent("weights.safetensors").path
    let weights: [String: (shape: [Int], values: [Float])]
    do {
      weights = try SafetensorsFile(path: path).allFloats()
    } catch {
      throw BundleError(.invalid, "\(path): \(error)")
    }
    return ModelBundle(directory: directory, manifest: manifest, weights: weights)
  }

  /// The folder of a model of this name: in `SEGSAM_MODELS`, else `models/` beside the vocabulary.
  public static func find(name: String) throws(BundleError) -> URL {
    if name.contains("/") { return URL(fileURLWithPath: name) }
    var folders: [URL] = []
    if let given = ProcessInfo.processInfo.environment["SEGSAM_MODELS"], !given.isEmpty {
      folders.append(URL(fileURLWithPath: given))
    }
    if let place = try? VocabularyLocation.find() {
      folders.append(
        place.vocabulary.deletingLastPathComponent().appendingPathComponent("models"))
    }
    for folder in folders {
      let candidate = folder.appendingPathComponent(name)
      let manifest = candidate.appendingPathComponent("manifest.json").path
      if FileManager.default.fileExists(atPath: manifest) { return candidate }
    }
    throw BundleError(
      .notFound,
      "no model is called \"\(name)\" in \(folders.map(\.path).joined(separator: ", ")); "
        + "give a folder with a manifest.json, or set SEGSAM_MODELS")
  }

  /// The file of the `ForeignEncoder`; nil where the manifest has none.
  public var encoderFile: URL? {
    manifest.network.encoder.map { _ in directory.appendingPathComponent(ForeignEncoder.file) }
  }

  /// The foreign encoder or Segment Anything's, compiled; nil where the manifest has neither. Blocks for
  /// seconds.
  public func foreignModel(options: CompileOptions = CompileOptions()) throws -> ForeignModel? {
    if let sam = manifest.network.sam {
      return try ForeignModel(sam, weights: weights, options: options)
    }
    guard let encoder = manifest.network.encoder, let encoderFile else { return nil }
    return try ForeignModel(path: encoderFile.path, encoder: encoder, options: options)
  }

  /// Writes a bundle; weights in half precision. Files are replaced whole, the manifest last.
  ///
  /// - Parameter encoder: the ONNX file of the `ForeignEncoder`, which is copied into it.
  public static func save(
    manifest: Manifest, weights: [String: (shape: [Int], values: [Float])], encoder: URL? = nil,
    to directory: URL
  ) throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    if let encoder {
      try Data(contentsOf: encoder, options: .mappedIfSafe).write(
        to: directory.appendingPathComponent(ForeignEncoder.file), options: .atomic)
    }
    try Safetensors.write(
      weights, dtype: .f16, metadata: ["format": manifest.format, "model": manifest.name],
      to: directory.appendingPathComponent("weights.safetensors").path)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var data = try encoder.encode(manifest)
    data.append(0x0a)
    try data.write(to: directory.appendingPathComponent("manifest.json"), options: .atomic)
  }
}

extension NetworkConfiguration {
  /// Refuses sizes that would ask for absurd amounts of memory or that do not fit each other.
  func check(_ file: String) throws(BundleError) {
    let sane =
      (32...2048).contains(imageSize) && imageSize % 16 == 0 && (16...2048).contains(width)
      && stages.count == 3 && stages.allSatisfy { (8...1024).contains($0) && $0 % 8 == 0 }
      && (0...16).contains(stageBlocks) && (1...64).contains(depth) && (1...64).contains(heads)
      && width % heads == 0 && crossWidth % heads == 0 && (8...2048).contains(crossWidth)
      && (1...8).contains(mlpRatio) && (1...16).contains(decoderDepth)
      && (16...8192).contains(decoderMLP) && upscaled.count == 2
      && upscaled.allSatisfy { (8...1024).contains($0) && $0 % 8 == 0 }
      && (0.01...1000).contains(sliceAttention ?? 1) && encoder?.isSane ?? true
      && (sam == nil || encoder == nil && !isUNet)
      && sam.map { $0.candidates == SemanticAgnosticDecoder.maskCount - 1 } ?? true
      && (1...4096).contains(textWidth) && (1...32).contains(aspects) && (2...64).contains(points)
    guard sane else {
      throw BundleError(.invalid, "\(file): the network's sizes are out of range or do not fit")
    }
  }
}
