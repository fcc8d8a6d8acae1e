import JSONC

extension MessageParser {
  /// Frame 0 as an object; sets `id` where one can be read although the frame is refused.
  func headerObject(_ frame: Payload, id: inout String?) throws(ProtocolError) -> JSONObject {
    guard frame.count <= limits.headerBytes else {
      throw .tooLarge(limit: "header_bytes", maximum: limits.headerBytes, actual: frame.count)
    }
    let bytes = frame.array
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes, limits: limits.headerJSON)
    } catch {
      if error.path != "id", error.code == .duplicateKey || error.code == .numberOutOfRange {
        let salvage = try? JSONValue(parsing: bytes, limits: limits.headerJSON, isSalvage: true)
        id = Self.validID(salvage?["id"])
      }
      throw refusal(error)
    }
    guard let object = value.objectValue else {
      throw .invalidMessage("the header must be a JSON object, not \(value.kind)")
    }
    return object
  }

  private func refusal(_ error: JSONError) -> ProtocolError {
    switch error.code {
    case .tooLong: .tooLarge(limit: "header_bytes", maximum: limits.headerBytes)
    case .tooDeep: .tooLarge(limit: "json_depth", maximum: limits.jsonDepth)
    case .tooManyMembers: .tooLarge(limit: "json_members", maximum: limits.jsonMembers)
    case .duplicateKey, .numberOutOfRange: .invalidArgument(error.message, path: error.path)
    default: .invalidMessage("the header is not JSON of this protocol: \(error)")
    }
  }

  /// An id that may be echoed: 1 to 128 printable ASCII characters.
  static func validID(_ value: JSONValue?) -> String? {
    guard let text = value?.stringValue, isValidID(text) else { return nil }
    return text
  }

  /// Whether a client may give its request this id.
  public static func isValidID(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  /// The header without its inputs; sets `id` first of all.
  func header(_ object: JSONObject, id: inout String?) throws(ProtocolError) -> RequestHeader {
    let members = Members(object, at: "")
    id = Self.validID(object["id"])
    guard object["protocol"]?.stringValue == RequestHeader.protocolName else {
      throw .invalidMessage("\"protocol\" must be \"\(RequestHeader.protocolName)\"")
    }
    guard let id else {
      throw .invalidMessage("\"id\" must be a string of 1 to 128 printable ASCII characters")
    }
    guard let method = object["method"]?.stringValue else {
      throw .invalidMessage("\"method\" must be a string")
    }
    let parameters: JSONObject
    switch members["parameters"] {
    case nil: parameters = [:]
    case .object(let object): parameters = object
    default: throw .invalidMessage("\"parameters\" must be an object")
    }
    return RequestHeader(
      id: id, client: try client(members), method: method,
      deadlineMilliseconds: try members.integer("deadline_ms", in: 1...Self.longestDeadline),
      priority: try members.integer("priority", in: -10...10) ?? 0,
      progress: try members.bool("progress") ?? false,
      durable: try members.bool("durable") ?? false,
      parameters: parameters)
  }

  /// A week, in milliseconds: beyond it a deadline is a mistake.
  private static let longestDeadline = 7 * 24 * 3600 * 1000

  private func client(_ members: Members) throws(ProtocolError) -> String? {
    guard let text = try members.string("client") else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    let isHex = parts.allSatisfy { part in part.allSatisfy { Character(.init($0)).isHexDigit } }
    guard parts.map(\.count) == [8, 4, 4, 4, 12], isHex else {
      throw members.wrong(
        "client", "client must be a UUID, as 123e4567-e89b-12d3-a456-426614174000")
    }
    return text.lowercased()
  }
}
