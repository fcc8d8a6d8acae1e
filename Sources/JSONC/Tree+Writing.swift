import CJSONC

extension Tree {
  /// Builds json-c's form of a value.
  ///
  /// - Parameter sorted: names in ascending order, at all levels.
  /// - Throws: `JSONError` for NaN, infinities, a NUL in a name, more than `depth` levels.
  init(_ value: JSONValue, sorted: Bool, depth: Int) throws(JSONError) {
    var builder = TreeBuilder(sorted: sorted, depth: depth)
    self = try builder.build(value, level: 0)
  }

  /// The compact text.
  func text() throws(JSONError) -> [UInt8] {
    var length = 0
    let flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE
    guard let start = json_object_to_json_string_length(raw, flags, &length) else {
      throw JSONError(.library, "json-c could not write the text")
    }
    return Array(UnsafeRawBufferPointer(start: start, count: length))
  }
}

private struct TreeBuilder {
  let sorted: Bool
  let depth: Int
  var path: [JSONPathStep] = []

  init(sorted: Bool, depth: Int) {
    self.sorted = sorted
    self.depth = depth
  }

  mutating func build(_ value: JSONValue, level: Int) throws(JSONError) -> Tree {
    switch value {
    case .null: return Tree(owning: nil)
    case .bool(let value): return try made(json_object_new_boolean(value ? 1 : 0))
    case .int(let value): return try made(json_object_new_int64(value))
    case .uint(let value): return try made(json_object_new_uint64(value))
    case .double(let value):
      guard value.isFinite else {
        throw error(.notRepresentable, "JSON has no form for \(value)")
      }
      // Swift's shortest text that reads back as the same double; json-c would print 17 digits.
      return try made(json_object_new_double_s(value, value.description))
    case .string(let value):
      var value = value
      return try made(
        value.withUTF8 { utf8 in
          // An empty string may have no address.
          utf8.withMemoryRebound(to: CChar.self) { chars in
            chars.baseAddress.map { json_object_new_string_len($0, Int32(clamping: chars.count)) }
              ?? json_object_new_string("")
          }
        })
    case .array(let elements): return try array(elements, level: level + 1)
    case .object(let object): return try self.object(object, level: level + 1)
    }
  }

  private func error(_ code: JSONError.Code, _ message: String) -> JSONError {
    JSONError(code, message, path: path.text)
  }

  private func made(_ raw: OpaquePointer?) throws(JSONError) -> Tree {
    guard let raw else { throw error(.library, "json-c ran out of memory") }
    return Tree(owning: raw)
  }

  private func check(level: Int) throws(JSONError) {
    guard level <= depth else {
      throw error(.tooDeep, "nested deeper than the limit of \(depth)")
    }
  }

  private mutating func array(_ elements: [JSONValue], level: Int) throws(JSONError) -> Tree {
    try check(level: level)
    let tree = try made(json_object_new_array())
    for (index, element) in elements.enumerated() {
      path.append(.index(index))
      let child = try build(element, level: level).release()
      guard json_object_array_add(tree.raw, child) == 0 else {
        json_object_put(child)
        throw error(.library, "json-c ran out of memory")
      }
      path.removeLast()
    }
    return tree
  }

  private mutating func object(_ object: JSONObject, level: Int) throws(JSONError) -> Tree {
    try check(level: level)
    let tree = try made(json_object_new_object())
    for (key, member) in sorted ? object.sorted() : object {
      path.append(.key(key))
      guard !key.utf8.contains(0) else {
        throw error(.notRepresentable, "a name must not contain NUL")
      }
      let child = try build(member, level: level).release()
      guard json_object_object_add(tree.raw, key, child) == 0 else {
        json_object_put(child)
        throw error(.library, "json-c ran out of memory")
      }
      path.removeLast()
    }
    return tree
  }
}
