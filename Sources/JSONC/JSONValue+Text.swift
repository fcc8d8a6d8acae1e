extension JSONValue {
  /// Reads one JSON value, strictly: RFC 8259 and no more, within the limits.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8, without byte order mark.
  ///   - isSalvage: takes names that stand twice (the last counts) and clamps numbers that are out
  ///     of range. Only to read, say, an id from a text that was refused already.
  /// - Throws: `JSONError` with a code, a path and a byte offset.
  public init(
    parsing bytes: [UInt8], limits: JSONLimits = .standard, isSalvage: Bool = false
  ) throws(JSONError) {
    var scanner = StrictScanner(
      bytes: bytes, limits: limits, isSalvage: isSalvage)
    try scanner.check()
    self = try Tokener(depth: limits.depth).parse(bytes + [0]).value()
  }

  /// Reads one JSON value from a text, as `init(parsing:limits:)` does from bytes.
  public init(parsing text: String, limits: JSONLimits = .standard) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }

  /// The value as compact JSON, UTF-8; the same value always gives the same bytes.
  ///
  /// - Parameter sorted: names in ascending order, else as they were assigned.
  /// - Throws: `JSONError` for NaN, infinities, a NUL in a name, too many levels.
  public func encoded(sorted: Bool = false) throws(JSONError) -> [UInt8] {
    try Tree(self, sorted: sorted, depth: JSONLimits.deepest).text()
  }
}
