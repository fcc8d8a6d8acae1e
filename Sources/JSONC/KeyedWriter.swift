/// Members of an object, as `Encodable` writes them.
struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let members: ValueEncoder.KeyedContent
  let codingPath: [any CodingKey]
  let depth: Int

  private func path(_ key: any CodingKey) -> [any CodingKey] {
    codingPath + [PathKey(key.stringValue)]
  }

  private func add(_ key: any CodingKey, _ content: ValueEncoder.Content) {
    members.members.append((key.stringValue, content))
  }

  mutating func encodeNil(forKey key: Key) { add(key, .single(.null)) }
  mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    add(key, .single(try ValueEncoder.box(value, at: path(key), depth: depth)))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> { nestedEncoder(key).container(keyedBy: type) }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nestedEncoder(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nestedEncoder(PathKey("super")) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { nestedEncoder(key) }

  private func nestedEncoder(_ key: any CodingKey) -> ValueEncoder {
    let encoder = ValueEncoder(codingPath: path(key), depth: depth)
    add(key, .encoder(encoder))
    return encoder
  }
}

/// Elements of an array, as `Encodable` writes them.
struct UnkeyedWriter: UnkeyedEncodingContainer {
  let elements: ValueEncoder.UnkeyedContent
  let codingPath: [any CodingKey]
  let depth: Int

  var count: Int { elements.elements.count }
  private var path: [any CodingKey] { codingPath + [PathKey(count)] }

  mutating func encodeNil() { elements.elements.append(.single(.null)) }
  mutating func encode<T: Encodable>(_ value: T) throws {
    elements.elements.append(.single(try ValueEncoder.box(value, at: path, depth: depth)))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> { nestedEncoder().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    nestedEncoder().unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nestedEncoder() }

  private func nestedEncoder() -> ValueEncoder {
    let encoder = ValueEncoder(codingPath: path, depth: depth)
    elements.elements.append(.encoder(encoder))
    return encoder
  }
}
