public import JSONC

/// One entry of a message's `inputs` or `outputs`: what the frame at the same place holds.
public struct TensorEntry: Sendable, Hashable {
  public var name: String
  public var datatype: Datatype
  /// Extents in C order, each at least 0; empty for `BYTES`.
  public var shape: [Int]
  public var parameters: JSONObject

  public init(
    name: String, datatype: Datatype, shape: [Int] = [], parameters: JSONObject = [:]
  ) {
    self.name = name
    self.datatype = datatype
    self.shape = shape
    self.parameters = parameters
  }

  /// `product(shape)`; nil where an extent is negative or the product overflows.
  public var elementCount: Int? {
    var product = 1
    // A later zero does not excuse an overflow: the order of extents must not matter.
    for extent in shape {
      guard extent >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      if overflow { return nil }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  /// The bytes that the frame must hold; nil for `BYTES` and where the product overflows.
  public var byteCount: Int? {
    guard let size = datatype.size, let elementCount else { return nil }
    let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: size)
    return overflow ? nil : bytes
  }

  var json: JSONValue {
    var object: JSONObject = [
      "name": .string(name), "datatype": .string(datatype.rawValue),
    ]
    if datatype != .bytes { object["shape"] = JSONValue(shape) }
    if !parameters.isEmpty { object["parameters"] = .object(parameters) }
    return .object(object)
  }
}

/// An entry with its frame.
public struct Tensor: Sendable, Hashable {
  public var entry: TensorEntry
  public var payload: Payload

  public init(entry: TensorEntry, payload: Payload) {
    self.entry = entry
    self.payload = payload
  }

  public init(
    name: String, datatype: Datatype, shape: [Int] = [], parameters: JSONObject = [:],
    bytes: [UInt8]
  ) {
    entry = TensorEntry(name: name, datatype: datatype, shape: shape, parameters: parameters)
    payload = Payload(bytes)
  }
}
