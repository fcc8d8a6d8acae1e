import Foundation
import NeuralGraph

/// Reads a tensor's elements out of its storage, in row-major order.
struct StridedReading {
  let tensor: CheckpointTensor
  let placement: CheckpointTensor.Placement

  /// - Parameter bytes: the whole storage, little-endian; its size was checked against the
  ///   placement.
  func floats(in bytes: Data) -> [Float] {
    switch tensor.type {
    case .f32: read(bytes, UInt32.self) { Float(bitPattern: $0) }
    case .f16: read(bytes, UInt16.self) { HalfPrecision.float(float16: $0) }
    case .bf16: read(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .f64: read(bytes, UInt64.self) { Float(Double(bitPattern: $0)) }
    case .i64: read(bytes, UInt64.self) { Float(Int64(bitPattern: $0)) }
    case .i32: read(bytes, UInt32.self) { Float(Int32(bitPattern: $0)) }
    case .i16: read(bytes, UInt16.self) { Float(Int16(bitPattern: $0)) }
    case .i8: read(bytes, UInt8.self) { Float(Int8(bitPattern: $0)) }
    case .u64: read(bytes, UInt64.self) { Float($0) }
    case .u32: read(bytes, UInt32.self) { Float($0) }
    case .u16: read(bytes, UInt16.self) { Float($0) }
    case .u8: read(bytes, UInt8.self) { Float($0) }
    case .bool: read(bytes, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  private func read<Raw: FixedWidthInteger>(
    _ bytes: Data, _: Raw.Type, _ value: (Raw) -> Float
  ) -> [Float] {
    guard tensor.count > 0 else { return [] }
    // The last dimension runs in the inner loop, the others are counted like an odometer.
    let (inner, step) = (tensor.shape.last ?? 1, placement.strides.last ?? 1)
    let (outer, strides) = (tensor.shape.dropLast(), placement.strides.dropLast())
    return bytes.withUnsafeBytes { bytes in
      [Float](unsafeUninitializedCapacity: tensor.count) { buffer, filled in
        var index = [Int](repeating: 0, count: outer.count)
        var start = placement.offset
        while filled < tensor.count {
          for i in 0..<inner {
            let raw = bytes.loadUnaligned(
              fromByteOffset: (start + i * step) * MemoryLayout<Raw>.size, as: Raw.self)
            buffer.initializeElement(at: filled + i, to: value(Raw(littleEndian: raw)))
          }
          filled += inner
          for axis in outer.indices.reversed() {
            index[axis] += 1
            start += strides[axis]
            if index[axis] < outer[axis] { break }
            start -= strides[axis] * outer[axis]
            index[axis] = 0
          }
        }
      }
    }
  }
}
