import JSONC

/// A reply as a client reads it: the header, and its outputs with their frames.
public struct Reply: Sendable, Hashable {
  public var header: ReplyHeader
  public var outputs: [Tensor]

  public init(header: ReplyHeader, outputs: [Tensor] = []) {
    self.header = header
    self.outputs = outputs
  }

  /// The output of this name, if there is one.
  public func output(_ name: String) -> Tensor? { outputs.first { $0.entry.name == name } }

  /// Reads a reply; members that it does not know are ignored.
  ///
  /// - Parameter frames: a leading empty one (the envelope) included.
  /// - Throws: `invalid_message` where the frames are no reply of this protocol.
  public init(frames: [Payload]) throws(ProtocolError) {
    let rest = frames.first?.isEmpty ?? false ? frames.dropFirst() : frames[...]
    guard let first = rest.first else { throw .invalidMessage("the reply has no header") }
    let object = try WireHeader.object(first)
    header = try ReplyHeader(object)
    outputs = try WireHeader.tensors(object, frames: Array(rest.dropFirst()))
    header.outputs = outputs.map(\.entry)
  }

  /// Header and outputs as frames, no envelope.
  ///
  /// - Throws: `internal` where a number in the header is not finite.
  public func frames() throws(ProtocolError) -> [Payload] {
    var header = header
    header.outputs = outputs.map(\.entry)
    return [try WireHeader.payload(header.json)] + outputs.map(\.payload)
  }
}

extension ReplyHeader {
  /// Reads a header, without its outputs.
  init(_ object: JSONObject) throws(ProtocolError) {
    guard let status = Status(rawValue: object["status"]?.stringValue ?? "") else {
      throw .invalidMessage("the reply's status is not known")
    }
    self.init(
      id: object["id"]?.stringValue, request: object["request"]?.stringValue, status: status,
      result: object["result"])
    if let name = object["model"]?["name"]?.stringValue {
      model = Model(name: name, version: object["model"]?["version"]?.stringValue ?? "")
    }
    for (stage, value) in object["timing_ms"]?.objectValue ?? [:] {
      if let milliseconds = value.doubleValue { timing[stage] = milliseconds }
    }
    guard status == .error else { return }
    guard let body = object["error"]?.objectValue, let code = body["code"]?.stringValue else {
      throw .invalidMessage("the reply says error and has none")
    }
    // A code that a later version added is a fault for this client all the same.
    error = ProtocolError(
      ErrorCode(rawValue: code) ?? .internal, body["message"]?.stringValue ?? code,
      details: body["details"]?.objectValue ?? [:])
  }
}

/// What clients read in common of replies and of the stream.
enum WireHeader {
  /// The server's headers keep within these too, but for lists of a whole vocabulary.
  static let limits = JSONLimits(bytes: 64 << 20, depth: 64, members: 4_000_000)

  static func object(_ frame: Payload) throws(ProtocolError) -> JSONObject {
    guard frame.count <= limits.bytes else {
      throw .invalidMessage("the header has \(frame.count) bytes")
    }
    let value: JSONValue
    do { value = try JSONValue(parsing: frame.array, limits: limits) } catch {
      throw .invalidMessage("the header is not JSON of this protocol: \(error)")
    }
    guard let object = value.objectValue,
      object["protocol"]?.stringValue == RequestHeader.protocolName
    else { throw .invalidMessage("the header is not of \(RequestHeader.protocolName)") }
    return object
  }

  static func tensors(
    _ header: JSONObject, frames: [Payload]
  ) throws(ProtocolError) -> [Tensor] {
    let entries = header["outputs"]?.arrayValue ?? []
    guard entries.count == frames.count else {
      throw .invalidMessage("\(entries.count) outputs are said, \(frames.count) frames came")
    }
    var tensors: [Tensor] = []
    for (index, (value, frame)) in zip(entries, frames).enumerated() {
      do {
        let tensor = Tensor(entry: try TensorEntry(value, at: "outputs[\(index)]"), payload: frame)
        try tensor.checkSize(at: "outputs[\(index)]")
        tensors.append(tensor)
      } catch {
        throw .invalidMessage("outputs[\(index)]: \(error.message)")
      }
    }
    return tensors
  }

  static func payload(_ object: JSONObject) throws(ProtocolError) -> Payload {
    do { return Payload(try JSONValue.object(object).encoded()) } catch {
      throw ProtocolError(.internal, "the header cannot be written: \(error)")
    }
  }
}

extension RequestHeader {
  /// Header and inputs as frames, no envelope.
  ///
  /// - Throws: `internal` where a number in the header is not finite.
  public func frames(inputs: [Tensor] = []) throws(ProtocolError) -> [Payload] {
    var header = self
    header.inputs = inputs.map(\.entry)
    return [try WireHeader.payload(header.json)] + inputs.map(\.payload)
  }
}

extension Reply {
  /// The id in a reply that could not be read as a whole, so that its request need not wait on.
  public static func id(in frames: [Payload]) -> String? {
    let rest = frames.first?.isEmpty ?? false ? frames.dropFirst() : frames[...]
    guard let first = rest.first else { return nil }
    return (try? WireHeader.object(first))?["id"]?.stringValue
  }
}
