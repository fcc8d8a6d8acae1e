/// Encodes values as JSON text with json-c.
///
/// Deterministic: members in the order in which they are encoded, those of dictionaries (which
/// have no order of their own) sorted; the same value always gives the same bytes. NaN and
/// infinities are refused; doubles are written with the fewest digits that read back the same.
public struct JSONCEncoder: Sendable {
  /// All names in ascending order, at all levels.
  public var sortsKeys: Bool
  /// Nested arrays and objects.
  public var depth: Int

  public init(sortsKeys: Bool = false, depth: Int = JSONLimits.deepest) {
    self.sortsKeys = sortsKeys
    self.depth = min(depth, JSONLimits.deepest)
  }

  /// UTF-8, compact.
  ///
  /// - Throws: `JSONError` with the path of what cannot be written.
  public func encode(_ value: some Encodable) throws(JSONError) -> [UInt8] {
    try Tree(self.value(of: value), sorted: sortsKeys, depth: depth).text()
  }

  /// The value as JSON, not yet written.
  public func value(of value: some Encodable) throws(JSONError) -> JSONValue {
    do {
      return try ValueEncoder.box(value, at: [], depth: depth)
    } catch let error as EncodingError {
      if case .invalidValue(_, let context) = error {
        throw JSONError(
          .notRepresentable, context.debugDescription, path: context.codingPath.text)
      }
      throw JSONError(.notRepresentable, "\(error)")
    } catch let error as JSONError {
      throw error
    } catch {
      throw JSONError(.notRepresentable, "\(error)")
    }
  }
}
