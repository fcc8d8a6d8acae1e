import JSONC

extension Reply {
  /// The binary masks of an answer to `segment`, 0 and 1 in C order on the image's grid, whatever their
  /// encoding; nil where none were asked for.
  ///
  /// - Parameter result: the reply's, read.
  /// - Throws: `invalid_message` where sizes disagree.
  public func binaryMasks(_ result: SegmentResult) throws(ProtocolError) -> [[UInt8]]? {
    guard let tensor = output("binary_masks") else { return try Self.runLengthMasks(result) }
    guard tensor.entry.shape.first == result.categories.count else {
      throw .invalidMessage("there are not as many masks as queries")
    }
    return try Self.rows(tensor, result.categories.count)
  }

  /// Of each query the masks that the decoder drew for an ambiguous prompt, in the order of
  /// `alternativeScores`; nil where none were asked for.
  ///
  /// - Parameter result: the reply's, read.
  /// - Throws: `invalid_message` where sizes disagree.
  public func alternatives(_ result: SegmentResult) throws(ProtocolError) -> [[[UInt8]]]? {
    guard let tensor = output("alternatives") else { return nil }
    let queries = result.categories.count
    guard tensor.entry.shape.count > 2, tensor.entry.shape[0] == queries else {
      throw .invalidMessage("there are not alternatives for every query")
    }
    let each = tensor.entry.shape[1]
    let all = try Self.rows(tensor, queries * each)
    return (0..<queries).map { Array(all[$0 * each..<($0 + 1) * each]) }
  }

  /// A tensor's masks, `count` of them along its leading axes, one after another.
  private static func rows(_ tensor: Tensor, _ count: Int) throws(ProtocolError) -> [[UInt8]] {
    let bytes = tensor.payload.array
    let stride = count == 0 ? 0 : bytes.count / count
    var masks: [[UInt8]] = []
    for n in 0..<count {
      masks.append(try unpacked(bytes[n * stride..<(n + 1) * stride], tensor.entry))
    }
    return masks
  }

  private static func unpacked(
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

  private static func runLengthMasks(
    _ result: SegmentResult
  ) throws(ProtocolError) -> [[UInt8]]? {
    var masks: [[UInt8]] = []
    for category in result.categories {
      guard let rle = category.rle else { return nil }
      masks.append(try rle.voxels())
    }
    return masks.isEmpty ? nil : masks
  }
}
