/// A `Decoder` over a value that is in memory already.
struct ValueDecoder: Decoder {
  let value: JSONValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let object) = value else { throw mismatch("an object") }
    return KeyedDecodingContainer(KeyedValues(object: object, decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = value else { throw mismatch("an array") }
    return UnkeyedValues(elements: elements, decoder: self)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  func child(_ value: JSONValue, _ key: any CodingKey) -> ValueDecoder {
    ValueDecoder(value: value, codingPath: codingPath + [key])
  }

  func mismatch(_ wanted: String) -> DecodingError {
    .typeMismatch(
      JSONValue.self,
      .init(
        codingPath: codingPath, debugDescription: "\(wanted) is needed, not \(value.kind)"))
  }

  func unwrap<T: Decodable>(_ type: T.Type) throws -> T {
    // JSON values are handed over whole: order and kinds of numbers stay as they are.
    if type == JSONValue.self, let same = value as? T { return same }
    if type == JSONObject.self {
      guard let same = value.objectValue as? T else { throw mismatch("an object") }
      return same
    }
    return try T(from: self)
  }

  func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    let exact: T?
    switch value {
    case .int(let number): exact = T(exactly: number)
    case .uint(let number): exact = T(exactly: number)
    case .double(let number): exact = T(exactly: number)
    default: throw mismatch("an integer")
    }
    guard let exact else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath,
          debugDescription: "an integer in \(T.min)...\(T.max) is needed"))
    }
    return exact
  }

  func double() throws -> Double {
    guard let number = value.doubleValue else { throw mismatch("a number") }
    return number
  }

  func float() throws -> Float {
    let number = Float(try double())
    guard number.isFinite else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: codingPath, debugDescription: "the number is over a Float's range"))
    }
    return number
  }
}

extension ValueDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value.isNull }
  func decode(_ type: Bool.Type) throws -> Bool {
    guard let flag = value.boolValue else { throw mismatch("a boolean") }
    return flag
  }
  func decode(_ type: String.Type) throws -> String {
    guard let text = value.stringValue else { throw mismatch("a string") }
    return text
  }
  func decode(_ type: Double.Type) throws -> Double { try double() }
  func decode(_ type: Float.Type) throws -> Float { try float() }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try unwrap(type) }
}
