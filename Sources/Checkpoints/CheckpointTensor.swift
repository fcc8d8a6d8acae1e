public import NeuralGraph

/// What a checkpoint says of a tensor; its numbers are read on demand.
public struct CheckpointTensor: Sendable, Hashable {
  public let type: Safetensors.DataType
  public let shape: [Int]
  /// Elements: the product of the shape.
  public let count: Int
  /// Where the elements lie in their storage; nil in safetensors, where they lie in a row.
  let placement: Placement?

  /// A storage is an array of bytes that tensors are views of.
  struct Placement: Sendable, Hashable {
    var storage: String
    /// Bytes that the storage must have.
    var storageBytes: Int
    /// Of the first element, and from one element to the next in each dimension, in elements.
    var offset: Int
    var strides: [Int]
  }
}

extension CheckpointTensor {
  /// Checks that every element lies in the storage, without overflow on the way.
  ///
  /// - Parameter storageBytes: what the file says the storage has.
  /// - Throws: `.tensor` or `.limit`, with the reason.
  init(
    type: Safetensors.DataType, shape: [Int], strides: [Int], offset: Int, storage: String,
    storageBytes: Int, limits: CheckpointLimits
  ) throws(CheckpointError) {
    guard shape.count <= limits.rank else {
      throw CheckpointError(
        .limit,
        "a tensor has \(shape.count) dimensions, at most \(limits.rank) are read: save it"
          + " reshaped")
    }
    guard strides.count == shape.count, offset >= 0, storageBytes >= 0,
      shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
    else {
      throw .damaged(
        .tensor, "a tensor has shape \(shape), strides \(strides) and offset \(offset)")
    }
    let elements = storageBytes / type.size
    var (count, last) = (1, offset)
    for (extent, stride) in zip(shape, strides) {
      let (product, large) = count.multipliedReportingOverflow(by: extent)
      let (reach, wide) = max(extent - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, far) = last.addingReportingOverflow(reach)
      guard !large, !wide, !far else { throw Self.outside(shape, strides, offset, elements) }
      (count, last) = (product, sum)
    }
    guard count == 0 || last < elements else {
      throw Self.outside(shape, strides, offset, elements)
    }
    guard count <= max(elements, limits.repeatedElements) else {
      throw CheckpointError(
        .limit,
        "a tensor of shape \(shape) repeats a storage of \(elements) elements; save it with"
          + " .contiguous()")
    }
    self.type = type
    self.shape = shape
    self.count = count
    placement = Placement(
      storage: storage, storageBytes: storageBytes, offset: offset, strides: strides)
  }

  private static func outside(
    _ shape: [Int], _ strides: [Int], _ offset: Int, _ elements: Int
  ) -> CheckpointError {
    .damaged(
      .tensor,
      "a tensor of shape \(shape), strides \(strides) and offset \(offset) reaches beyond its"
        + " storage of \(elements) elements")
  }
}
