/// A tensor's elements with their shape, in C order.
public struct TensorValue: Sendable, Hashable {
  public enum Elements: Sendable, Hashable {
    case float([Float])
    case int64([Int64])
    case int32([Int32])
    /// Bytes; also truth values, 0 or 1.
    case uint8([UInt8])
  }
  /// The extent of each axis; empty for a single number.
  public let shape: [Int]
  public let elements: Elements

  public init(_ values: [Float], shape: [Int]) {
    self.init(shape: shape, elements: .float(values))
  }
  public init(_ values: [Int64], shape: [Int]) {
    self.init(shape: shape, elements: .int64(values))
  }
  public init(_ values: [Int32], shape: [Int]) {
    self.init(shape: shape, elements: .int32(values))
  }
  public init(shape: [Int], elements: Elements) {
    self.shape = shape
    self.elements = elements
  }

  /// The elements, if they are 32-bit floating-point numbers.
  public var floats: [Float]? { if case .float(let values) = elements { values } else { nil } }
  public var int64s: [Int64]? { if case .int64(let values) = elements { values } else { nil } }
  public var int32s: [Int32]? { if case .int32(let values) = elements { values } else { nil } }

  public var count: Int {
    switch elements {
    case .float(let values): values.count
    case .int64(let values): values.count
    case .int32(let values): values.count
    case .uint8(let values): values.count
    }
  }

  /// Calls `body` with the bytes of the elements where they lie.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch elements {
    case .float(let values): try values.withUnsafeBytes(body)
    case .int64(let values): try values.withUnsafeBytes(body)
    case .int32(let values): try values.withUnsafeBytes(body)
    case .uint8(let values): try values.withUnsafeBytes(body)
    }
  }
}
