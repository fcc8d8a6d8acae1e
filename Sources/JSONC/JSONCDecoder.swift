/// Decodes values from JSON text with json-c, strictly and within limits.
///
/// Errors are `JSONError` with the path of the value at fault. Integers are exact or refused.
public struct JSONCDecoder: Sendable {
  public var limits: JSONLimits

  public init(limits: JSONLimits = .standard) { self.limits = limits }

  /// - Throws: `JSONError` where the text is not acceptable or does not fit the type.
  public func decode<T: Decodable>(
    _ type: T.Type = T.self, from bytes: [UInt8]
  ) throws(JSONError) -> T {
    try decode(type, from: JSONValue(parsing: bytes, limits: limits))
  }

  public func decode<T: Decodable>(
    _ type: T.Type = T.self, from text: String
  ) throws(JSONError) -> T {
    try decode(type, from: Array(text.utf8))
  }

  /// Decodes from a value that was read before.
  ///
  /// - Parameter path: where the value stands in its document; error paths start with it.
  public func decode<T: Decodable>(
    _ type: T.Type = T.self, from value: JSONValue, at path: String = ""
  ) throws(JSONError) -> T {
    let start: [any CodingKey] = path.isEmpty ? [] : [PathKey(path)]
    do {
      return try ValueDecoder(value: value, codingPath: start).unwrap(type)
    } catch let error as DecodingError {
      throw JSONError(error)
    } catch let error as JSONError {
      throw error
    } catch {
      throw JSONError(.invalidValue, "\(error)", path: path)
    }
  }
}

/// A key made at run time.
struct PathKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(_ name: String) {
    stringValue = name
    intValue = nil
  }
  init(_ index: Int) {
    stringValue = String(index)
    intValue = index
  }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(intValue) }
}

extension [any CodingKey] {
  /// `parameters.boxes[2]`.
  var text: String {
    map { key in key.intValue.map { .index($0) } ?? .key(key.stringValue) }
      .reduce(into: [JSONPathStep]()) { $0.append($1) }.text
  }
}

extension JSONError {
  init(_ error: DecodingError) {
    switch error {
    case .typeMismatch(_, let context):
      self.init(.typeMismatch, context.debugDescription, path: context.codingPath.text)
    case .valueNotFound(_, let context):
      self.init(.typeMismatch, context.debugDescription, path: context.codingPath.text)
    case .keyNotFound(let key, let context):
      self.init(
        .missingMember, "the member \"\(key.stringValue)\" is missing",
        path: (context.codingPath + [key]).text)
    case .dataCorrupted(let context):
      self.init(.invalidValue, context.debugDescription, path: context.codingPath.text)
    @unknown default: self.init(.invalidValue, "\(error)")
    }
  }
}
