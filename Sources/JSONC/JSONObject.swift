/// The members of a JSON object, in the order in which they were written.
///
/// Order is kept for readers and for deterministic output; two objects with the same members in
/// another order are equal.
public struct JSONObject: Sendable {
  /// Names in order of first assignment.
  public private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]

  public init() {}

  /// The members in order; of a name that comes twice the last value counts.
  public init(_ members: some Sequence<(key: String, value: JSONValue)>) {
    for (key, value) in members { self[key] = value }
  }

  public var count: Int { keys.count }
  public var isEmpty: Bool { keys.isEmpty }

  /// The member's value; assigning nil removes the member.
  public subscript(key: String) -> JSONValue? {
    get { values[key] }
    set {
      guard let newValue else {
        if values.removeValue(forKey: key) != nil { keys.removeAll { $0 == key } }
        return
      }
      if values.updateValue(newValue, forKey: key) == nil { keys.append(key) }
    }
  }

  /// The same members, names in ascending order.
  public func sorted() -> JSONObject {
    var copy = self
    copy.keys.sort()
    return copy
  }
}

extension JSONObject: Sequence {
  public func makeIterator() -> AnyIterator<(key: String, value: JSONValue)> {
    var rest = keys.makeIterator()
    return AnyIterator {
      guard let key = rest.next(), let value = values[key] else { return nil }
      return (key, value)
    }
  }
}

extension JSONObject: Hashable {
  public static func == (a: JSONObject, b: JSONObject) -> Bool { a.values == b.values }
  public func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements.map { (key: $0.0, value: $0.1) })
  }
}
