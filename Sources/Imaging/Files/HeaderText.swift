/// The lines of a text header that stands before binary data.
struct HeaderText {
  static let maxBytes = 1 << 16, maxLines = 1024

  private let bytes: [UInt8]
  private(set) var at = 0
  private var lines = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Without its end, CR LF or LF; nil at the end of the file.
  mutating func next() throws(ImagingError) -> String? {
    guard at < bytes.count else { return nil }
    lines += 1
    let rest = bytes[at..<min(bytes.count, Self.maxBytes)]
    let end = rest.firstIndex(of: 0x0a)
    guard lines <= Self.maxLines, end != nil || bytes.count < Self.maxBytes else {
      throw ImagingError(.malformed, "the header does not end")
    }
    var line = rest[..<(end ?? rest.endIndex)]
    if line.last == 0x0d { line.removeLast() }
    at = (end ?? rest.endIndex - 1) + 1
    return String(decoding: line, as: UTF8.self)
  }

  /// Text at both sides of a separator, without the spaces around.
  static func split(_ line: String, at separator: Character) -> (name: String, value: String)? {
    guard let place = line.firstIndex(of: separator) else { return nil }
    return (trim(line[..<place]), trim(line[line.index(after: place)...]))
  }

  static func trim(_ text: Substring) -> String {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  static func words(_ text: String) -> [String] {
    text.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// All of them finite numbers.
  static func numbers(_ text: String, _ field: String) throws(ImagingError) -> [Double] {
    let numbers = words(text).map(Double.init)
    guard numbers.allSatisfy({ $0?.isFinite == true }) else {
      throw ImagingError(.malformed, "\(field) should be numbers, not \"\(text.prefix(80))\"")
    }
    return numbers.compactMap { $0 }
  }

  static func integers(_ text: String, _ field: String) throws(ImagingError) -> [Int] {
    let numbers = words(text).map { Int($0) }
    guard numbers.allSatisfy({ $0 != nil }) else {
      throw ImagingError(.malformed, "\(field) should be whole numbers, not \"\(text.prefix(80))\"")
    }
    return numbers.compactMap { $0 }
  }
}
