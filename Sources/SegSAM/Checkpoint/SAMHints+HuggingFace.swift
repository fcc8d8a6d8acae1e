public import Foundation

extension SAMHints {
  /// Reads `config.json` and `preprocessor_config.json` as Hugging Face's transformers write them
  /// beside a `SamModel`'s weights; a file that is not there says nothing.
  ///
  /// - Throws: `BundleError` `.invalid` for a file that cannot be understood, or for a network that
  ///   computes something else.
  public init(huggingFace folder: URL) throws(BundleError) {
    self.init()
    if let file = try Self.read(ModelFile.self, folder, "config.json"), let vision = file.vision {
      guard vision.activation ?? "gelu" == "gelu", file.decoder?.activation ?? "relu" == "relu"
      else {
        throw BundleError(
          .invalid,
          "config.json: only GELU in the encoder and ReLU in the decoder are computed here")
      }
      imageSize = vision.imageSize
      heads = vision.heads
      windowSize = vision.windowSize
      globalBlocks = vision.globalBlocks
      decoderHeads = file.decoder?.heads
    }
    guard let pixels = try Self.read(PixelFile.self, folder, "preprocessor_config.json") else {
      return
    }
    // The file's numbers are of what is left after rescaling.
    let scale = pixels.rescales ?? true ? pixels.factor ?? 1 / 255 : 1
    guard scale > 0, scale.isFinite else {
      throw BundleError(.invalid, "preprocessor_config.json: rescale_factor is \(scale)")
    }
    let normalises = pixels.normalises ?? true
    pixelMean = normalises ? pixels.mean?.map { $0 / scale } : [0, 0, 0]
    pixelDeviation =
      normalises ? pixels.deviation?.map { $0 / scale } : [1 / scale, 1 / scale, 1 / scale]
  }

  private static func read<File: Decodable>(
    _: File.Type, _ folder: URL, _ name: String
  ) throws(BundleError) -> File? {
    let url = folder.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      let data = try handle.read(upToCount: 1 << 20) ?? Data()
      return try JSONDecoder().decode(File.self, from: data)
    } catch {
      throw BundleError(
        .invalid, "\(url.path) cannot be understood; fetch it again, or move it away: \(error)")
    }
  }

  private struct ModelFile: Decodable {
    var vision: Part?
    var decoder: Part?
    enum CodingKeys: String, CodingKey {
      case vision = "vision_config"
      case decoder = "mask_decoder_config"
    }

    struct Part: Decodable {
      var imageSize: Int?, heads: Int?, windowSize: Int?
      var globalBlocks: [Int]?
      var activation: String?
      enum CodingKeys: String, CodingKey {
        case imageSize = "image_size"
        case heads = "num_attention_heads"
        case windowSize = "window_size"
        case globalBlocks = "global_attn_indexes"
        case activation = "hidden_act"
      }
    }
  }

  private struct PixelFile: Decodable {
    var mean: [Double]?, deviation: [Double]?
    var factor: Double?
    var rescales: Bool?, normalises: Bool?
    enum CodingKeys: String, CodingKey {
      case mean = "image_mean"
      case deviation = "image_std"
      case factor = "rescale_factor"
      case rescales = "do_rescale"
      case normalises = "do_normalize"
    }
  }
}
