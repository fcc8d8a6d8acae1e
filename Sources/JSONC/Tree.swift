import CJSONC

/// Owner of one reference to a json-c object; JSON's null is the null pointer.
struct Tree: ~Copyable {
  let raw: OpaquePointer?

  /// Takes over the caller's reference.
  init(owning raw: OpaquePointer?) { self.raw = raw }

  deinit { json_object_put(raw) }

  /// Gives the reference to a parent object.
  consuming func release() -> OpaquePointer? {
    let raw = raw
    discard self
    return raw
  }
}

/// Owner of a json-c parser.
struct Tokener: ~Copyable {
  private let raw: UnsafeMutablePointer<json_tokener>

  init(depth: Int) throws(JSONError) {
    // json-c counts scalars as a level too; the scanner before it keeps the exact limit.
    guard let raw = json_tokener_new_ex(Int32(depth + 2)) else {
      throw JSONError(.library, "json-c could not make a parser")
    }
    json_tokener_set_flags(raw, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)
    self.raw = raw
  }

  deinit { json_tokener_free(raw) }

  /// - Parameter text: checked JSON with a NUL at its end, without which json-c waits for more
  ///   digits of a bare number.
  func parse(_ text: [UInt8]) throws(JSONError) -> Tree {
    let object = text.withUnsafeBytes { buffer in
      json_tokener_parse_ex(
        raw, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
    }
    let status = json_tokener_get_error(raw)
    guard status == json_tokener_success else {
      json_object_put(object)
      throw JSONError(.library, "json-c: \(String(cString: json_tokener_error_desc(status)))")
    }
    return Tree(owning: object)
  }
}
