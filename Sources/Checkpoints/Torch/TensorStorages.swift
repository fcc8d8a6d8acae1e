import Foundation

/// Where the bytes of storages lie.
protocol TensorStorages: Sendable {
  /// A whole storage, little-endian.
  ///
  /// - Parameter count: bytes that it must have.
  func bytes(of key: String, count: Int) throws(CheckpointError) -> Data
}
