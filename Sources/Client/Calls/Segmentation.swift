public import BusProtocol
import JSONC

/// The answer to `segment`: the result, and its masks.
public struct Segmentation: Sendable, Hashable {
  public var result: SegmentResult
  public var reply: Reply

  /// Reads the final reply to `segment`, as `SegSAMClient.start` gives it.
  public init(_ reply: Reply) throws(ClientError) {
    self.reply = reply
    result = try reply.result()
  }

  /// M_b of each query, 0 and 1 in C order on the image's grid, whatever their encoding; nil where
  /// none were asked for.
  ///
  /// - Throws: `malformedReply` where sizes disagree.
  public func binaryMasks() throws(ClientError) -> [[UInt8]]? {
    do throws(ProtocolError) {
      guard let tensor = reply.output("binary_masks") else { return try runLengthMasks() }
      guard let count = tensor.entry.shape.first, count == result.categories.count else {
        throw .invalidMessage("there are not as many masks as queries")
      }
      let bytes = tensor.payload.array
      let stride = count == 0 ? 0 : bytes.count / count
      var masks: [[UInt8]] = []
      for n in 0..<count {
        let row = bytes[n * stride..<(n + 1) * stride]
        masks.append(try unpacked(row, tensor.entry))
      }
      return masks
    } catch {
      throw .malformedReply(error.message)
    }
  }

  private func unpacked(
    _ row: ArraySlice<UInt8>, _ entry: TensorEntry
  ) throws(ProtocolError) -> [UInt8] {
    guard entry.parameters["encoding"] == "bits" else { return Array(row) }
    let shape = entry.parameters["mask_shape"]?.arrayValue?.compactMap(\.intValue) ?? []
    let mask = TensorEntry(name: "mask", datatype: .uint8, shape: shape)
    guard !shape.isEmpty, let voxels = mask.elementCount else {
      throw .invalidMessage("mask_shape is missing")
    }
    return try MaskBits.unpack(row, voxels: voxels)
  }

  private func runLengthMasks() throws(ProtocolError) -> [[UInt8]]? {
    var masks: [[UInt8]] = []
    for category in result.categories {
      guard let rle = category.rle else { return nil }
      masks.append(try rle.voxels())
    }
    return masks.isEmpty ? nil : masks
  }

  /// M_s: 0 background, else a key of `result.labels`; nil where none was asked for.
  public func semanticMask() -> [UInt16]? {
    guard let tensor = reply.output("semantic_mask") else { return nil }
    let bytes = tensor.payload.array
    guard tensor.entry.datatype == .uint16 else { return bytes.map(UInt16.init) }
    return stride(from: 0, to: bytes.count - 1, by: 2).map {
      UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
    }
  }
}

extension Reply {
  /// The `result` as its type.
  func result<T: Decodable>(_ type: T.Type = T.self) throws(ClientError) -> T {
    do throws(JSONError) {
      return try JSONCDecoder().decode(type, from: header.result ?? .null, at: "result")
    } catch {
      throw .malformedReply("\(error)")
    }
  }
}
