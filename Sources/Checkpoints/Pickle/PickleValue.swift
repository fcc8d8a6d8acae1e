import NeuralGraph

/// What a pickle can make here. Containers lie in the machine's store and are named by their place in
/// it, so that one that holds itself is only a number twice.
enum PickleValue: Sendable, Hashable {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer beyond 64 bits, little-endian two's complement.
  case large([UInt8])
  case float(Double)
  case string(String)
  case tuple(Int)
  case list(Int)
  /// Its members are key, value, key, value, …
  case dictionary(Int)
  case global(PickleGlobal)
  /// The key of a storage that the machine knows.
  case storage(String)
  case tensor(Int)
  /// Something that weights do not need and that cannot do anything: an optimizer, a device.
  case inert

  /// Its place in the machine's store.
  var container: Int? {
    switch self {
    case .tuple(let place), .list(let place), .dictionary(let place): place
    default: nil
    }
  }
}

/// A storage that the pickle refers to; its bytes lie elsewhere in the file.
struct StorageReference: Sendable, Hashable {
  var key: String
  /// nil: bytes without a type, which the tensor gives.
  var type: Safetensors.DataType?
  /// Elements, or bytes where there is no type.
  var count: Int

  func bytes() throws(CheckpointError) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: type?.size ?? 1)
    guard count >= 0, !overflow else {
      throw .damaged(.tensor, "storage \"\(key)\" has \(count) elements")
    }
    return product
  }
}
