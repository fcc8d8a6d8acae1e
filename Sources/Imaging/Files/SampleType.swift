/// The types of samples that NRRD and MetaImage share.
enum SampleType: Sendable, Hashable {
  case int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64

  /// Bytes a sample.
  var width: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether values under 0 can be meant.
  var isSigned: Bool {
    switch self {
    case .uint8, .uint16, .uint32, .uint64: false
    default: true
    }
  }

  /// Reads `count` samples from the slice's beginning; there must be as many.
  func floats(_ bytes: ArraySlice<UInt8>, count: Int, isBigEndian: Bool) -> [Float] {
    precondition(bytes.count >= count * width)
    return bytes.withUnsafeBytes { raw in
      switch self {
      case .int8: read(raw, count, Int8.self) { Float($0) }
      case .uint8: read(raw, count, UInt8.self) { Float($0) }
      case .int16: read(raw, count, Int16.self) { Float(isBigEndian ? $0.byteSwapped : $0) }
      case .uint16: read(raw, count, UInt16.self) { Float(isBigEndian ? $0.byteSwapped : $0) }
      case .int32: read(raw, count, Int32.self) { Float(isBigEndian ? $0.byteSwapped : $0) }
      case .uint32: read(raw, count, UInt32.self) { Float(isBigEndian ? $0.byteSwapped : $0) }
      case .int64: read(raw, count, Int64.self) { Float(isBigEndian ? $0.byteSwapped : $0) }
      case .uint64: read(raw, count, UInt64.self) { Float(isBigEndian ? $0.byteSwapped : $0) }
      case .float32:
        read(raw, count, UInt32.self) {
          Float(bitPattern: isBigEndian ? $0.byteSwapped : $0)
        }
      case .float64:
        read(raw, count, UInt64.self) {
          Float(Double(bitPattern: isBigEndian ? $0.byteSwapped : $0))
        }
      }
    }
  }

  private func read<T: BitwiseCopyable>(
    _ raw: UnsafeRawBufferPointer, _ count: Int, _: T.Type, _ convert: (T) -> Float
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { out, filled in
      for n in 0..<count {
        out[n] = convert(raw.loadUnaligned(fromByteOffset: n * MemoryLayout<T>.size, as: T.self))
      }
      filled = count
    }
  }
}
