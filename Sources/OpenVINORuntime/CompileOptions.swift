import COpenVINO

/// A model to compile.
public enum ModelSource: Sendable {
  /// An ONNX file's bytes, with the weights inside.
  case onnx([UInt8])
  /// A file: ONNX, or OpenVINO's own format.
  case file(String)
}

/// How a model is compiled.
public struct CompileOptions: Sendable, Hashable {
  public enum Precision: String, Sendable, Hashable {
    /// bfloat16 where the CPU has it in hardware (AMX or AVX512-BF16), else 32-bit.
    case auto
    case float32 = "f32"
    case bfloat16 = "bf16"
  }
  public var precision: Precision
  /// Threads a run may use; nil leaves it to OpenVINO (all cores).
  public var threads: Int?
  /// Runs side by side, which share the threads.
  public var streams = 1
  /// Where compiled models are kept between runs of the program; nil keeps none.
  public var cacheDirectory: String?

  public init(precision: Precision = .auto, threads: Int? = nil, cacheDirectory: String? = nil) {
    self.precision = precision
    self.threads = threads
    self.cacheDirectory = cacheDirectory
  }

  /// The precision in which a CPU with or without bfloat16 runs the model: without it always in f32,
  /// as OpenVINO would fall back to that itself.
  public func effectivePrecision(hasBFloat16: Bool) -> Precision {
    hasBFloat16 && precision != .float32 ? .bfloat16 : .float32
  }

  func withProperties<Result>(
    hasBFloat16: Bool, _ body: ([ov_property_t]) throws(OpenVINOError) -> Result
  ) throws(OpenVINOError) -> Result {
    var pairs = [
      ("INFERENCE_PRECISION_HINT", effectivePrecision(hasBFloat16: hasBFloat16).rawValue),
      ("NUM_STREAMS", String(max(1, streams))), ("ENABLE_CPU_PINNING", "NO"),
    ]
    if effectivePrecision(hasBFloat16: hasBFloat16) == .float32 {
      // OpenVINO 2026.4's fusion of MLPs crashes in f32 while it compiles some networks, among them
      // that of Tests/NetworkExample.
      pairs.append(("SNIPPETS_MODE", "DISABLE"))
    }
    if let threads {
      guard (1...4096).contains(threads) else {
        throw OpenVINOError(.model, "\(threads) threads were asked for; give 1 to 4096")
      }
      pairs.append(("INFERENCE_NUM_THREADS", String(threads)))
    }
    if let cacheDirectory { pairs.append(("CACHE_DIR", cacheDirectory)) }
    let texts = pairs.map { pair in (copy(pair.0), copy(pair.1)) }
    defer {
      for (key, value) in texts {
        key.deallocate()
        value.deallocate()
      }
    }
    return try body(texts.map { ov_property_t(key: $0.0, value: UnsafeRawPointer($0.1)) })
  }

  private func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = text.utf8CString
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (i, byte) in bytes.enumerated() { (memory + i).initialize(to: byte) }
    return memory
  }
}
