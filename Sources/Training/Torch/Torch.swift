import CTorch
import Foundation

/// What the trainer's backend refused, with torch's own words.
public struct TorchError: Error, Hashable, CustomStringConvertible {
  public let doing: String
  public let reason: String
  public var description: String { "torch, \(doing): \(reason)" }

  static func last(_ doing: String) -> TorchError {
    TorchError(doing: doing, reason: String(cString: ct_error()))
  }
}

/// libtorch, opened at run time. One thread at a time: all of training runs on one.
public enum Torch {
  /// Opens the shim that `make trainer` built.
  ///
  /// - Parameter path: nil looks in `SEGSAM_TORCH_SHIM`, then in `.deps/trainer` beside or above the
  ///   working directory.
  public static func load(path: String? = nil) throws(TorchError) {
    let candidates =
      path.map { [$0] } ?? [ProcessInfo.processInfo.environment["SEGSAM_TORCH_SHIM"]]
      .compactMap { $0 } + upward(".deps/trainer/libsegsam_torch.so")
    guard let found = candidates.first(where: FileManager.default.fileExists(atPath:)) else {
      throw TorchError(
        doing: "opening the trainer's shim",
        reason: "it is not built here; run `make trainer`, or set SEGSAM_TORCH_SHIM")
    }
    guard ct_load(found) == 0 else { throw .last("opening \(found)") }
  }

  public static var version: String { String(cString: ct_version()) }
  public static var hasCUDA: Bool { ct_has_cuda() != 0 }
  public static func useCUDA(_ on: Bool) { ct_use_cuda(on ? 1 : 0) }
  public static func setThreads(_ count: Int) { ct_set_threads(Int32(count)) }
  /// bfloat16 in convolutions and products; pays only where the machine has it.
  public static func autocast(_ on: Bool) { ct_autocast(on ? 1 : 0) }

  /// Runs the body without recording for gradients.
  public static func withoutGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    ct_record(0)
    defer { ct_record(1) }
    return try body()
  }

  private static func upward(_ relative: String) -> [String] {
    var directory = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    var found: [String] = []
    for _ in 0..<6 {
      found.append(directory.appendingPathComponent(relative).path)
      directory.deleteLastPathComponent()
    }
    return found
  }
}

/// A value that torch holds. It owns its handle and frees it.
public final class TorchTensor {
  let handle: OpaquePointer
  public let shape: [Int]

  init?(_ handle: OpaquePointer?, shape: [Int]) {
    guard let handle else { return nil }
    self.handle = handle
    self.shape = shape
  }

  deinit { ct_free(handle) }

  public convenience init(
    _ values: [Float], shape: [Int], requiresGradient: Bool = false
  ) throws(TorchError) {
    try self.init(holding: values.count, shape: shape) {
      ct_new(Int32(CT_FLOAT32.rawValue), values, $0, $1, requiresGradient ? 1 : 0)
    }
  }

  public convenience init(_ values: [Int64], shape: [Int]) throws(TorchError) {
    try self.init(holding: values.count, shape: shape) {
      ct_new(Int32(CT_INT64.rawValue), values, $0, $1, 0)
    }
  }

  /// Of bytes, each times a factor and with an offset.
  convenience init(_ values: PackedValues, shape: [Int]) throws(TorchError) {
    try self.init(holding: values.bytes.count, shape: shape) {
      ct_new_bytes(values.bytes, $0, $1, Double(values.factor), Double(values.offset))
    }
  }

  /// - Parameter make: takes the shape and its rank.
  private convenience init(
    holding count: Int, shape: [Int], make: ([Int64], Int32) -> OpaquePointer?
  ) throws(TorchError) {
    guard count == shape.reduce(1, *) else {
      throw TorchError(doing: "making a tensor", reason: "\(count) values for \(shape)")
    }
    guard let made = make(shape.map(Int64.init), Int32(shape.count)) else {
      throw .last("making a tensor of \(shape)")
    }
    self.init(made, shape: shape)!
  }

  public var count: Int { shape.reduce(1, *) }

  public func values() throws(TorchError) -> [Float] {
    var out = [Float](repeating: 0, count: count)
    guard ct_read(handle, &out, out.count) == 0 else { throw .last("reading \(shape)") }
    return out
  }

  public func gradient() throws(TorchError) -> [Float] {
    var out = [Float](repeating: 0, count: count)
    guard ct_read_gradient(handle, &out, out.count) == 0 else {
      throw .last("reading a gradient of \(shape)")
    }
    return out
  }

  public func write(_ values: [Float]) throws(TorchError) {
    guard ct_write(handle, values, values.count) == 0 else { throw .last("writing \(shape)") }
  }

  /// Adds the gradients of this scalar to the tensors that ask for them.
  public func backward() throws(TorchError) {
    guard ct_backward(handle) == 0 else { throw .last("the backward pass") }
  }
}
