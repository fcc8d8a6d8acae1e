import JSONC

/// Typed, strict access to the members of an object that a client sent. `null` counts as absent.
///
/// Every failure is `invalid_argument` with the path of the member.
struct Members {
  let object: JSONObject
  let path: String

  init(_ object: JSONObject, at path: String) {
    self.object = object
    self.path = path
  }

  /// Refuses members that the protocol does not know, with what may have been meant.
  func allow(only known: [String]) throws(ProtocolError) {
    for key in object.keys where !known.contains(key) {
      let meant = Suggestion.closest(to: key, among: known)
      throw .invalidArgument(
        "there is no \"\(key)\" here" + (meant.map { ": did you mean \"\($0)\"?" } ?? ""),
        path: path(key), suggestion: meant)
    }
  }

  func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  func wrong(_ name: String, _ message: String) -> ProtocolError {
    .invalidArgument(message, path: path(name))
  }

  subscript(name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  private func mismatch(_ name: String, _ wanted: String, _ value: JSONValue) -> ProtocolError {
    wrong(name, "\(name) must be \(wanted), not \(value.kind)")
  }

  func string(_ name: String) throws(ProtocolError) -> String? {
    guard let value = self[name] else { return nil }
    guard let text = value.stringValue else { throw mismatch(name, "a string", value) }
    return text
  }

  func requiredString(_ name: String) throws(ProtocolError) -> String {
    guard let text = try string(name) else { throw wrong(name, "\(name) is needed: a string") }
    guard !text.isEmpty else { throw wrong(name, "\(name) must not be empty") }
    return text
  }

  func bool(_ name: String) throws(ProtocolError) -> Bool? {
    guard let value = self[name] else { return nil }
    guard let flag = value.boolValue else { throw mismatch(name, "true or false", value) }
    return flag
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(ProtocolError) -> Int? {
    guard let value = self[name] else { return nil }
    guard let number = value.intValue else { throw mismatch(name, "an integer", value) }
    guard range.contains(number) else {
      let bound =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "in \(range.lowerBound)...\(range.upperBound)"
      throw wrong(name, "\(name) must be \(bound)")
    }
    return number
  }

  func number(_ name: String) throws(ProtocolError) -> Double? {
    guard let value = self[name] else { return nil }
    guard let number = value.doubleValue else { throw mismatch(name, "a number", value) }
    return number
  }

  func array(_ name: String) throws(ProtocolError) -> [JSONValue]? {
    guard let value = self[name] else { return nil }
    guard let elements = value.arrayValue else { throw mismatch(name, "an array", value) }
    return elements
  }

  func strings(_ name: String) throws(ProtocolError) -> [String]? {
    guard let elements = try array(name) else { return nil }
    var strings: [String] = []
    for (index, element) in elements.enumerated() {
      guard let text = element.stringValue else {
        throw mismatch("\(name)[\(index)]", "a string", element)
      }
      strings.append(text)
    }
    return strings
  }

  func choice<T: RawRepresentable & CaseIterable>(
    _ name: String, _ type: T.Type
  ) throws(ProtocolError) -> T? where T.RawValue == String {
    guard let text = try string(name) else { return nil }
    return try Self.choice(text, type, at: path(name))
  }

  static func choice<T: RawRepresentable & CaseIterable>(
    _ text: String, _ type: T.Type, at path: String
  ) throws(ProtocolError) -> T where T.RawValue == String {
    if let value = T(rawValue: text) { return value }
    let names = T.allCases.map(\.rawValue)
    throw .invalidArgument(
      "must be one of \(names.joined(separator: ", "))", path: path,
      suggestion: Suggestion.closest(to: text, among: names))
  }

  /// A list of numbers of one of the given lengths, each within ±`bound`.
  static func numbers(
    _ value: JSONValue, counts: Set<Int>, bound: Double, at path: String
  ) throws(ProtocolError) -> [Double] {
    let wanted = counts.sorted().map(String.init).joined(separator: " or ")
    guard let elements = value.arrayValue, counts.contains(elements.count) else {
      throw .invalidArgument("a list of \(wanted) numbers is needed", path: path)
    }
    var numbers: [Double] = []
    for (index, element) in elements.enumerated() {
      guard let number = element.doubleValue, abs(number) <= bound else {
        throw .invalidArgument(
          "a number within ±\(Int(bound)) is needed", path: "\(path)[\(index)]")
      }
      numbers.append(number)
    }
    return numbers
  }
}
