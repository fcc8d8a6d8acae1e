import ArgumentParser
import Foundation
import SegSAM
import Vocabulary
import Volumetrics

/// Which model, and how it is run.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model: a name in models/, or a folder with a manifest.json.", valueName: "name"))
  var model = ModelOptions.usual

  @Option(
    help: ArgumentHelp(
      "Of a model in Segment Anything's layout: the one that finds what a text names, or none. "
        + "segsam-base if there is one.", valueName: "name"))
  var detector: String?

  @Option(help: ArgumentHelp("Threads for the model; all if not given.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Memory for features of images, in MiB.", valueName: "mib"))
  var cache = 192

  static let usual = "segsam-base"

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is a number from 1 to 1024.")
    }
    guard (0...1_048_576).contains(cache) else {
      throw ValidationError("--cache is in MiB, 0 to 1048576.")
    }
  }
}

extension ModelOptions {
  var running: PredictorOptions { PredictorOptions(threads: threads, cacheBytes: cache << 20) }

  /// What answers with a bundle, whatever its layout. Blocks for seconds.
  func engine(
    of bundle: ModelBundle, vocabulary: Vocabulary, options: PredictorOptions
  ) throws -> any SegmentationEngine {
    try bundle.engine(
      vocabulary: vocabulary, options: options,
      detector: bundle.manifest.sam == nil ? nil : findDetector())
  }

  /// Nil where none is wanted, and where none was named and the usual one is not here.
  private func findDetector() throws -> ModelBundle? {
    if detector == "none" { return nil }
    if let detector { return try ModelBundle.load(directory: ModelBundle.find(name: detector)) }
    guard let folder = try? ModelBundle.find(name: Self.usual) else { return nil }
    return try ModelBundle.load(directory: folder)
  }
}

/// A model that is ready to answer, with the vocabulary it speaks.
struct LoadedModel: Sendable {
  var engine: any SegmentationEngine
  var vocabulary: Vocabulary

  static func load(_ options: ModelOptions) async throws -> LoadedModel {
    try await load(options) { _ in }
  }

  /// - Parameter change: of how the model is run.
  static func load(
    _ options: ModelOptions, change: @escaping @Sendable (inout PredictorOptions) -> Void
  ) async throws -> LoadedModel {
    try await Blocking.run {
      let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
      let bundle = try ModelBundle.load(directory: ModelBundle.find(name: options.model))
      var running = options.running
      running.modelCache = compiledModels
      change(&running)
      let engine = try options.engine(of: bundle, vocabulary: vocabulary, options: running)
      return LoadedModel(
        engine: VolumeEngine(engine, vocabulary: vocabulary), vocabulary: vocabulary)
    }
  }

  /// Where OpenVINO keeps what it compiled; nil where there is no place for it.
  private static var compiledModels: String? {
    let base = FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first
    guard let folder = base?.appendingPathComponent("segsam/compiled", isDirectory: true),
      (try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true))
        != nil
    else { return nil }
    return folder.path
  }
}
