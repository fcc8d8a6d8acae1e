/// An `Encoder` that builds a value in memory.
final class ValueEncoder: Encoder {
  let codingPath: [any CodingKey]
  let depth: Int
  /// What has been encoded; null where nothing was.
  var content: Content = .single(.null)
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// Containers are filled after they have been handed out, hence by reference.
  enum Content {
    case single(JSONValue)
    case keyed(KeyedContent)
    case unkeyed(UnkeyedContent)
    case encoder(ValueEncoder)

    var value: JSONValue {
      switch self {
      case .single(let value): value
      case .keyed(let members):
        .object(JSONObject(members.members.map { (key: $0.key, value: $0.content.value) }))
      case .unkeyed(let elements): .array(elements.elements.map(\.value))
      case .encoder(let encoder): encoder.content.value
      }
    }
  }

  final class KeyedContent {
    var members: [(key: String, content: Content)] = []
  }

  final class UnkeyedContent {
    var elements: [Content] = []
  }

  init(codingPath: [any CodingKey], depth: Int) {
    self.codingPath = codingPath
    self.depth = depth
  }

  static func box<T: Encodable>(
    _ value: T, at path: [any CodingKey], depth: Int
  ) throws -> JSONValue {
    if let value = value as? JSONValue { return value }
    if let value = value as? JSONObject { return .object(value) }
    // A type that encodes itself for ever must end before the stack does.
    guard path.count <= depth else {
      throw JSONError(.tooDeep, "nested deeper than the limit of \(depth)", path: path.text)
    }
    let encoder = ValueEncoder(codingPath: path, depth: depth)
    try value.encode(to: encoder)
    let boxed = encoder.content.value
    if value is any StringKeyed, case .object(let object) = boxed {
      return .object(object.sorted())
    }
    return boxed
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let members: KeyedContent
    if case .keyed(let same) = content { members = same } else { members = KeyedContent() }
    content = .keyed(members)
    return KeyedEncodingContainer(
      KeyedWriter(members: members, codingPath: codingPath, depth: depth))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    let elements: UnkeyedContent
    if case .unkeyed(let same) = content { elements = same } else { elements = UnkeyedContent() }
    content = .unkeyed(elements)
    return UnkeyedWriter(elements: elements, codingPath: codingPath, depth: depth)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension ValueEncoder: SingleValueEncodingContainer {
  private func number(_ value: Double) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(
        value,
        .init(codingPath: codingPath, debugDescription: "JSON has no form for \(value)"))
    }
    content = .single(.double(value))
  }

  func encodeNil() { content = .single(.null) }
  func encode(_ value: Bool) { content = .single(.bool(value)) }
  func encode(_ value: String) { content = .single(.string(value)) }
  func encode(_ value: Double) throws { try number(value) }
  // Through text: 0.1 as a Float is to be written 0.1, and reads back as the same Float.
  func encode(_ value: Float) throws { try number(Double(value.description) ?? Double(value)) }
  func encode(_ value: Int) { content = .single(.int(Int64(value))) }
  func encode(_ value: Int8) { content = .single(.int(Int64(value))) }
  func encode(_ value: Int16) { content = .single(.int(Int64(value))) }
  func encode(_ value: Int32) { content = .single(.int(Int64(value))) }
  func encode(_ value: Int64) { content = .single(.int(value)) }
  func encode(_ value: UInt) { content = .single(JSONValue(UInt64(value))) }
  func encode(_ value: UInt8) { content = .single(.int(Int64(value))) }
  func encode(_ value: UInt16) { content = .single(.int(Int64(value))) }
  func encode(_ value: UInt32) { content = .single(.int(Int64(value))) }
  func encode(_ value: UInt64) { content = .single(JSONValue(value)) }
  func encode<T: Encodable>(_ value: T) throws {
    content = .single(try Self.box(value, at: codingPath, depth: depth))
  }
}

/// Dictionaries that become objects; their order changes from run to run.
private protocol StringKeyed {}
extension Dictionary: StringKeyed where Key == String {}
