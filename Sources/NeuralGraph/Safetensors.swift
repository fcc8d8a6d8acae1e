/// A fault in a safetensors file, or in what is to be written to one.
public struct SafetensorsError: Error, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable {
    /// The file cannot be read or written.
    case file = "safetensors_file"
    /// The file is not valid safetensors.
    case format = "safetensors_format"
    /// No tensor has this name.
    case missing = "safetensors_missing"
    /// The tensor's element type is not the one asked for, or not carried here.
    case type = "safetensors_type"
  }
  public let code: Code
  public let message: String
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
  public var description: String { message }
}

/// The safetensors format: a JSON header that names tensors, and their bytes.
///
/// Source: the format's description in Hugging Face's `safetensors` repository.
public enum Safetensors {
  public enum DataType: String, Sendable, Hashable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u64 = "U64"
    case u32 = "U32"
    case u16 = "U16"
    case u8 = "U8"
    case bool = "BOOL"

    /// Bytes an element.
    public var size: Int {
      switch self {
      case .f64, .i64, .u64: 8
      case .f32, .i32, .u32: 4
      case .f16, .bf16, .i16, .u16: 2
      case .i8, .u8, .bool: 1
      }
    }
  }

  /// What the header says of a tensor.
  public struct Entry: Sendable, Hashable {
    public let type: DataType
    public let shape: [Int]
    /// Within the data, which follow the header.
    public let range: Range<Int>
    /// Elements: the product of the shape.
    public var count: Int { range.count / type.size }
  }

  /// The largest header that is read, as in the reference implementation.
  public static let maximumHeader = 100_000_000
  static let maximumRank = 16
}
