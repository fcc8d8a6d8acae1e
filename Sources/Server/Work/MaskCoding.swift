import BusProtocol
import Imaging
import JSONC
import ZeroMQ

/// Masks as tensors and JSON (protocol: `segment`, `encoding`).
enum MaskCoding {
  /// `[K, …grid]`, UINT8, 0 or 1.
  ///
  /// - Parameter shape: of what there are several a query, `[K, n]`; nil: `[K]`.
  static func raw(
    _ masks: [BinaryMask], grid: [Int], name: String = "binary_masks", shape: [Int]? = nil
  ) throws(ZMQError) -> Tensor {
    let size = grid.reduce(1, *)
    let frame = try Frame(count: masks.count * size) { span in
      span.withUnsafeMutableBytes { bytes in
        for (n, mask) in masks.enumerated() {
          let row = UnsafeMutableRawBufferPointer(rebasing: bytes[n * size..<(n + 1) * size])
          row.copyBytes(from: mask.voxels.prefix(size))
        }
      }
    }
    return Tensor(
      entry: TensorEntry(
        name: name, datatype: .uint8, shape: (shape ?? [masks.count]) + grid),
      payload: Payload(frame))
  }

  /// `[K, bytes]`, each mask packed, its first voxel in the most significant bit.
  static func bits(
    _ masks: [BinaryMask], grid: [Int], name: String = "binary_masks", shape: [Int]? = nil
  ) throws(ZMQError) -> Tensor {
    let size = grid.reduce(1, *)
    let row = MaskBits.byteCount(voxels: size)
    let frame = try Frame(count: masks.count * row) { span in
      span.withUnsafeMutableBytes { bytes in
        for (n, mask) in masks.enumerated() {
          MaskBits.pack(
            mask.voxels,
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[n * row..<(n + 1) * row]))
        }
      }
    }
    let parameters: JSONObject = ["encoding": "bits", "mask_shape": JSONValue(grid)]
    return Tensor(
      entry: TensorEntry(
        name: name, datatype: .uint8, shape: (shape ?? [masks.count]) + [row],
        parameters: parameters),
      payload: Payload(frame))
  }

  /// COCO's uncompressed counts, column by column, zeros first; in a volume one for each slice.
  static func runLengths(_ mask: BinaryMask, isVolume: Bool) -> JSONValue {
    let area = mask.width * mask.height
    let slices = (0..<mask.depth).map { k -> JSONValue in
      let lengths = RunLengths(
        pixels: mask.voxels, from: k * area, height: mask.height, width: mask.width)
      return ["size": JSONValue(lengths.size), "counts": JSONValue(lengths.counts)]
    }
    return isVolume ? .array(slices) : slices[0]
  }

  /// UINT8, or UINT16 past 255 labels.
  static func labels(_ map: LabelMap, count: Int, grid: [Int]) throws(ZMQError) -> Tensor {
    let isWide = count > 255
    let frame = try Frame(count: map.labels.count * (isWide ? 2 : 1)) { span in
      span.withUnsafeMutableBytes { bytes in
        for (n, label) in map.labels.enumerated() {
          if isWide {
            bytes.storeBytes(of: label.littleEndian, toByteOffset: 2 * n, as: UInt16.self)
          } else {
            bytes[n] = UInt8(truncatingIfNeeded: label)
          }
        }
      }
    }
    return Tensor(
      entry: TensorEntry(
        name: "semantic_mask", datatype: isWide ? .uint16 : .uint8, shape: grid),
      payload: Payload(frame))
  }

  /// `[x0, y0, x1, y1]` or `[x0, y0, z0, x1, y1, z1]`, upper bounds exclusive; and the voxels set.
  static func extent(_ mask: BinaryMask, isVolume: Bool) -> (voxels: Int, box: [Int]?) {
    var low = [Int.max, Int.max, Int.max]
    var high = [0, 0, 0]
    var voxels = 0
    mask.voxels.withUnsafeBufferPointer { values in
      for k in 0..<mask.depth {
        for y in 0..<mask.height {
          let start = (k * mask.height + y) * mask.width
          let row = UnsafeBufferPointer(rebasing: values[start..<start + mask.width])
          // Without a branch, so that many are counted at a time: most rows are empty.
          var count: UInt32 = 0
          for value in row { count &+= value == 0 ? 0 : 1 }
          guard count > 0, let first = row.firstIndex(where: { $0 != 0 }),
            let last = row.lastIndex(where: { $0 != 0 })
          else { continue }
          voxels += Int(count)
          low = [min(low[0], first), min(low[1], y), min(low[2], k)]
          high = [max(high[0], last + 1), max(high[1], y + 1), k + 1]
        }
      }
    }
    if voxels == 0 { return (0, nil) }
    let axes = isVolume ? 3 : 2
    return (voxels, Array(low.prefix(axes)) + Array(high.prefix(axes)))
  }
}
