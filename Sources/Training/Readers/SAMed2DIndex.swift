import Foundation

/// Reads `{"image": ["mask", …], …}` an entry at a time: SA-Med2D-20M's index has millions.
struct SAMed2DIndex {
  private let bytes: Data
  private let place: String
  private var at: Data.Index
  private var hasBegun = false

  init(bytes: Data, place: String) {
    self.bytes = bytes
    self.place = place
    at = bytes.startIndex
  }

  /// - Returns: nil at the end.
  /// - Throws: for anything but strings and lists of strings, with its place in the file.
  mutating func next() throws(CorpusError) -> (image: String, masks: [String])? {
    if !hasBegun {
      try expect("{")
      hasBegun = true
      if take("}") { return nil }
    } else if !take(",") {
      try expect("}")
      return nil
    }
    let image = try string()
    try expect(":")
    // One mask may stand without a list.
    guard take("[") else { return (image, [try string()]) }
    var masks: [String] = []
    if take("]") { return (image, masks) }
    repeat { masks.append(try string()) } while take(",")
    try expect("]")
    return (image, masks)
  }

  private mutating func skipSpace() {
    while at < bytes.endIndex, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    skipSpace()
    guard at < bytes.endIndex, bytes[at] == UInt8(ascii: mark) else { return false }
    at += 1
    return true
  }

  private mutating func expect(_ mark: Unicode.Scalar) throws(CorpusError) {
    guard take(mark) else { throw fault("\"\(mark)\"") }
  }

  private func fault(_ what: String) -> CorpusError {
    CorpusError(place, "\(what) was expected at byte \(at - bytes.startIndex)")
  }

  private mutating func string() throws(CorpusError) -> String {
    guard take("\"") else { throw fault("a string") }
    let start = at
    var isPlain = true
    while at < bytes.endIndex, bytes[at] != UInt8(ascii: "\"") {
      if bytes[at] == UInt8(ascii: "\\") {
        isPlain = false
        at += 1
      }
      at += 1
    }
    guard at < bytes.endIndex else {
      at = bytes.endIndex
      throw fault("the end of a string")
    }
    defer { at += 1 }
    if isPlain { return String(decoding: bytes[start..<at], as: UTF8.self) }
    let quoted = bytes[(start - 1)...at]
    guard let text = try? JSONDecoder().decode(String.self, from: quoted) else {
      throw fault("a string with JSON's escapes")
    }
    return text
  }
}
