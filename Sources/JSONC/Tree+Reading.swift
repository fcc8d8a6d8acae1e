import CJSONC

extension Tree {
  /// The value, copied out of json-c.
  func value() -> JSONValue { Self.value(raw) }

  // The recursion is bounded: the scanner has checked the depth.
  private static func value(_ raw: OpaquePointer?) -> JSONValue {
    guard let raw else { return .null }
    switch json_object_get_type(raw) {
    case json_type_boolean: return .bool(json_object_get_boolean(raw) != 0)
    case json_type_int:
      // The signed getter clamps at its end, the unsigned one at 0.
      let signed = json_object_get_int64(raw)
      return signed == Int64.max ? JSONValue(json_object_get_uint64(raw)) : .int(signed)
    case json_type_double: return .double(json_object_get_double(raw))
    case json_type_string: return .string(string(raw))
    case json_type_array:
      let count = json_object_array_length(raw)
      return .array((0..<count).map { value(json_object_array_get_idx(raw, $0)) })
    case json_type_object:
      var object = JSONObject()
      var at = json_object_iter_begin(raw)
      var end = json_object_iter_end(raw)
      while json_object_iter_equal(&at, &end) == 0 {
        if let name = json_object_iter_peek_name(&at) {
          object[String(cString: name)] = value(json_object_iter_peek_value(&at))
        }
        json_object_iter_next(&at)
      }
      return .object(object)
    default: return .null
    }
  }

  private static func string(_ raw: OpaquePointer) -> String {
    guard let start = json_object_get_string(raw) else { return "" }
    // By length: a string may hold NUL.
    let bytes = UnsafeRawBufferPointer(
      start: start, count: Int(json_object_get_string_len(raw)))
    return String(decoding: bytes, as: UTF8.self)
  }
}
