/// Reads a pickle's bytes in order, never past their end.
struct PickleReader {
  let bytes: [UInt8]
  private(set) var at: Int
  let limits: CheckpointLimits

  init(_ bytes: [UInt8], at: Int = 0, limits: CheckpointLimits) {
    self.bytes = bytes
    self.at = at
    self.limits = limits
  }

  func fail(_ reason: String) -> CheckpointError {
    .damaged(.pickle, "\(reason) at byte \(at) of the pickle")
  }

  mutating func byte() throws(CheckpointError) -> UInt8 {
    guard at < bytes.count else { throw fail("the pickle ends early") }
    defer { at += 1 }
    return bytes[at]
  }

  mutating func take(_ count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - at else { throw fail("the pickle ends early") }
    defer { at += count }
    return bytes[at..<at + count]
  }

  /// An unsigned little-endian number of up to eight bytes.
  mutating func number(_ size: Int) throws(CheckpointError) -> Int {
    let value = try take(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw fail("a length is \(value)") }
    return number
  }

  /// The bytes of a string whose length stands in so many bytes before it.
  mutating func counted(_ size: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    let count = try number(size)
    guard count <= limits.stringBytes else {
      throw CheckpointError(
        .limit,
        "a string of \(count) bytes in the pickle, at most \(limits.stringBytes) are read: save the"
          + " state_dict alone")
    }
    return try take(count)
  }

  mutating func text(_ size: Int) throws(CheckpointError) -> String {
    guard let text = String(validating: try counted(size), as: UTF8.self) else {
      throw fail("a string is not UTF-8")
    }
    return text
  }

  /// Up to a line's end, which is passed.
  mutating func line() throws(CheckpointError) -> String {
    let window = bytes[at..<min(bytes.count, at + limits.stringBytes)]
    guard let end = window.firstIndex(of: 0x0a) else { throw fail("a line does not end") }
    guard let text = String(validating: bytes[at..<end], as: UTF8.self) else {
      throw fail("a line is not UTF-8")
    }
    at = end + 1
    return text
  }

  /// An integer in two's complement of any length that is carried here.
  mutating func integer(_ count: Int) throws(CheckpointError) -> PickleValue {
    guard count <= 255 else { throw fail("an integer of \(count) bytes") }
    let digits = try take(count)
    guard let top = digits.last else { return .int(0) }
    guard count <= 8 else { return .large(Array(digits)) }
    let sign: UInt64 = top & 0x80 == 0 ? 0 : .max
    return .int(Int(truncatingIfNeeded: digits.reversed().reduce(sign) { $0 << 8 | UInt64($1) }))
  }
}
