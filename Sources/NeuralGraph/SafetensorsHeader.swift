/// Reads the JSON header of a safetensors file, strictly.
///
/// The header is of one form only, so that the reader is: an object of entries, each with `dtype`,
/// `shape` and `data_offsets`, and `__metadata__` with strings. Anything else is an error, and the
/// depth of the input cannot deepen the reader's stack.
struct SafetensorsHeader {
  private(set) var entries: [String: Safetensors.Entry] = [:]
  private(set) var metadata: [String: String] = [:]

  private let text: UnsafeRawBufferPointer
  private var at = 0

  /// - Parameter dataSize: the bytes that follow the header; every offset lies within them.
  static func parse(
    _ text: UnsafeRawBufferPointer, dataSize: Int
  ) throws(SafetensorsError) -> SafetensorsHeader {
    var header = SafetensorsHeader(text: text)
    try header.parse(dataSize)
    return header
  }

  private init(text: UnsafeRawBufferPointer) { self.text = text }

  private func fail(_ reason: String) -> SafetensorsError {
    SafetensorsError(.format, "not a valid safetensors header: \(reason) at byte \(at)")
  }

  private mutating func parse(_ dataSize: Int) throws(SafetensorsError) {
    var hasMetadata = false
    try object { header, name throws(SafetensorsError) in
      if name == "__metadata__" {
        guard !hasMetadata else { throw header.fail("__metadata__ stands twice") }
        hasMetadata = true
        var strings: [String: String] = [:]
        try header.object { header, key throws(SafetensorsError) in
          guard strings.updateValue(try header.string(), forKey: key) == nil else {
            throw header.fail("metadata \(key.debugDescription) stands twice")
          }
        }
        header.metadata = strings
      } else {
        let entry = try header.entry(name, dataSize)
        guard header.entries.updateValue(entry, forKey: name) == nil else {
          throw header.fail("tensor \(name.debugDescription) stands twice")
        }
      }
    }
    space()
    guard at == text.count else { throw fail("something follows") }
    try checkLayout(dataSize)
  }

  /// The tensors must fill the data without gap or overlap.
  private func checkLayout(_ dataSize: Int) throws(SafetensorsError) {
    var end = 0
    for (name, entry) in entries.sorted(by: {
      ($0.value.range.lowerBound, $0.value.range.upperBound)
        < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }) {
      guard entry.range.lowerBound == end else {
        let what = entry.range.lowerBound < end ? "overlaps another" : "leaves a gap before it"
        throw SafetensorsError(.format, "tensor \(name.debugDescription) \(what)")
      }
      end = entry.range.upperBound
    }
    guard end == dataSize else {
      throw SafetensorsError(
        .format, "the tensors take \(end) bytes, the file holds \(dataSize) for them")
    }
  }

  private mutating func entry(
    _ name: String, _ dataSize: Int
  ) throws(SafetensorsError) -> Safetensors.Entry {
    var type: Safetensors.DataType?
    var shape: [Int]?
    var offsets: [Int]?
    try object { header, key throws(SafetensorsError) in
      switch key {
      case "dtype" where type == nil:
        let word = try header.string()
        type = Safetensors.DataType(rawValue: word)
        guard type != nil else {
          throw SafetensorsError(
            .type,
            "tensor \(name.debugDescription) has dtype \(word.debugDescription), which is not known"
          )
        }
      case "shape" where shape == nil:
        shape = try header.integers(atMost: Safetensors.maximumRank)
      case "data_offsets" where offsets == nil:
        offsets = try header.integers(atMost: 2)
      default:
        throw header.fail("member \(key.debugDescription) of \(name.debugDescription)")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw fail("tensor \(name.debugDescription) needs dtype, shape and two data_offsets")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= dataSize else {
      throw fail("tensor \(name.debugDescription) lies at \(offsets) of \(dataSize) bytes")
    }
    var size = type.size
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw fail("tensor \(name.debugDescription) has shape \(shape)") }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw fail(
        "tensor \(name.debugDescription) of shape \(shape) takes \(size) bytes,"
          + " not \(offsets[1] - offsets[0])")
    }
    return Safetensors.Entry(type: type, shape: shape, range: offsets[0]..<offsets[1])
  }
}

// The few forms of JSON that occur.
extension SafetensorsHeader {
  private mutating func space() {
    while at < text.count, [32, 9, 10, 13].contains(text[at]) { at += 1 }
  }

  private mutating func take(_ character: UInt8) -> Bool {
    space()
    guard at < text.count, text[at] == character else { return false }
    at += 1
    return true
  }

  private mutating func expect(_ character: UInt8) throws(SafetensorsError) {
    guard take(character) else {
      throw fail("a \"\(Character(Unicode.Scalar(character)))\" is missing")
    }
  }

  private mutating func object(
    _ member: (inout SafetensorsHeader, String) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    try expect(UInt8(ascii: "{"))
    if take(UInt8(ascii: "}")) { return }
    repeat {
      let name = try string()
      try expect(UInt8(ascii: ":"))
      try member(&self, name)
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  private mutating func integers(atMost limit: Int) throws(SafetensorsError) -> [Int] {
    try expect(UInt8(ascii: "["))
    var result: [Int] = []
    if take(UInt8(ascii: "]")) { return result }
    repeat {
      guard result.count < limit else { throw fail("more than \(limit) numbers") }
      result.append(try integer())
    } while take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
    return result
  }

  private mutating func integer() throws(SafetensorsError) -> Int {
    space()
    let start = at
    var value = 0
    while at < text.count, (48...57).contains(text[at]) {
      let (tens, high) = value.multipliedReportingOverflow(by: 10)
      let (sum, over) = tens.addingReportingOverflow(Int(text[at]) - 48)
      guard !high, !over else { throw fail("a number is too large") }
      value = sum
      at += 1
    }
    guard at > start, at == start + 1 || text[start] != 48 else {
      throw fail("a non-negative integer is missing")
    }
    return value
  }

  private mutating func string() throws(SafetensorsError) -> String {
    try expect(UInt8(ascii: "\""))
    var bytes: [UInt8] = []
    while at < text.count {
      let byte = text[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: bytes, as: UTF8.self) else {
          throw fail("a string is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 0..<32: throw fail("a control character in a string")
      default: bytes.append(byte)
      }
    }
    throw fail("a string does not end")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(SafetensorsError) {
    guard at < text.count else { throw fail("an escape does not end") }
    let letter = text[at]
    at += 1
    switch letter {
    case UInt8(ascii: "n"): bytes.append(10)
    case UInt8(ascii: "t"): bytes.append(9)
    case UInt8(ascii: "r"): bytes.append(13)
    case UInt8(ascii: "b"): bytes.append(8)
    case UInt8(ascii: "f"): bytes.append(12)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(letter)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if (0xD800..<0xDC00).contains(value) {
        guard at + 1 < text.count, text[at] == UInt8(ascii: "\\"),
          text[at + 1] == UInt8(ascii: "u")
        else { throw fail("half a surrogate pair") }
        at += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw fail("half a surrogate pair") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw fail("half a surrogate pair") }
      bytes.append(contentsOf: String(Character(scalar)).utf8)
    default: throw fail("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(SafetensorsError) -> UInt32 {
    guard text.count - at >= 4,
      let digits = String(validating: text[at..<at + 4], as: UTF8.self),
      digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16)
    else { throw fail("an escape is not hexadecimal") }
    at += 4
    return value
  }
}
