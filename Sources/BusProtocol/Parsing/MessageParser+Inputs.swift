import JSONC

extension MessageParser {
  /// The entries of `inputs`, each with its frame, sizes checked.
  func tensors(_ header: JSONObject, frames: [Payload]) throws(ProtocolError) -> [Tensor] {
    let entries: [JSONValue]
    switch header["inputs"] {
    case nil, .null: entries = []
    case .array(let elements): entries = elements
    default: throw .invalidMessage("\"inputs\" must be an array")
    }
    guard entries.count <= limits.inputs else {
      throw .tooLarge(limit: "inputs", maximum: limits.inputs, actual: entries.count)
    }
    guard entries.count == frames.count else {
      throw .invalidMessage(
        "one frame for each entry of inputs must follow the header: there are \(entries.count) "
          + "entries and \(frames.count) frames")
    }
    let bytes = frames.reduce(0) { $0 + $1.count }
    guard bytes <= limits.inputBytes else {
      throw .tooLarge(limit: "input_bytes", maximum: limits.inputBytes, actual: bytes)
    }
    var tensors: [Tensor] = []
    for (index, (value, frame)) in zip(entries, frames).enumerated() {
      let entry = try TensorEntry(value, at: "inputs[\(index)]")
      if tensors.contains(where: { $0.entry.name == entry.name }) {
        throw .invalidArgument("this name stands twice", path: "inputs[\(index)].name")
      }
      let tensor = Tensor(entry: entry, payload: frame)
      try tensor.checkSize(at: "inputs[\(index)]")
      tensors.append(tensor)
    }
    return tensors
  }
}

extension TensorEntry {
  /// Reads an entry of `inputs` or `outputs`.
  ///
  /// - Throws: `invalid_argument` with the path of what is off.
  init(_ value: JSONValue, at path: String) throws(ProtocolError) {
    guard let object = value.objectValue else {
      throw .invalidArgument("an entry must be an object, not \(value.kind)", path: path)
    }
    let members = Members(object, at: path)
    let name = try members.requiredString("name")
    guard let datatype = try members.choice("datatype", Datatype.self) else {
      throw members.wrong("datatype", "datatype is needed")
    }
    let extents = try members.array("shape")
    if datatype == .bytes {
      guard extents?.isEmpty ?? true else {
        throw members.wrong("shape", "BYTES is a whole file and has no shape")
      }
    } else if extents == nil {
      throw members.wrong("shape", "shape is needed")
    }
    var shape: [Int] = []
    for (index, extent) in (extents ?? []).enumerated() {
      guard let number = extent.intValue, number >= 0 else {
        throw members.wrong("shape[\(index)]", "an extent must be an integer, at least 0")
      }
      shape.append(number)
    }
    switch members["parameters"] {
    case nil: self.init(name: name, datatype: datatype, shape: shape)
    case .object(let parameters):
      self.init(name: name, datatype: datatype, shape: shape, parameters: parameters)
    default: throw members.wrong("parameters", "parameters must be an object")
    }
  }
}

extension Tensor {
  /// Whether the frame holds exactly `product(shape) × size(datatype)` bytes.
  func checkSize(at path: String) throws(ProtocolError) {
    guard entry.datatype != .bytes else { return }
    guard let bytes = entry.byteCount else {
      throw .invalidArgument("the product of the shape overflows", path: "\(path).shape")
    }
    guard bytes == payload.count else {
      throw .invalidArgument(
        "the shape and datatype need \(bytes) bytes, the frame has \(payload.count)", path: path)
    }
  }

  /// Whether a tensor of floating-point numbers holds a NaN or an infinity.
  var hasNonFinite: Bool {
    payload.withBytes { span in
      span.withUnsafeBytes { bytes in
        switch entry.datatype {
        case .fp32:
          var offset = 0
          while offset + 4 <= bytes.count {
            let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            if UInt32(littleEndian: bits) & 0x7F80_0000 == 0x7F80_0000 { return true }
            offset += 4
          }
        case .fp16:
          var offset = 1
          while offset < bytes.count {
            if bytes[offset] & 0x7C == 0x7C { return true }
            offset += 2
          }
        default: break
        }
        return false
      }
    }
  }
}
