/// Any JSON value, for members whose shape is known only at run time.
///
/// Numbers keep their kind: a literal without fraction and exponent is an integer, exact over
/// `Int64.min ... UInt64.max`; any other is a finite `Double`.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  /// Only what does not fit `int`: `Int64.max + 1 ... UInt64.max`.
  case uint(UInt64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// An integer in its normal form: `int` where it fits, else `uint`.
  public init(_ value: UInt64) {
    if let signed = Int64(exactly: value) { self = .int(signed) } else { self = .uint(value) }
  }

  public init(_ value: Int) { self = .int(Int64(value)) }
  public init(_ value: Double) { self = .double(value) }
  public init(_ value: String) { self = .string(value) }
  public init(_ value: Bool) { self = .bool(value) }
  public init(_ values: [String]) { self = .array(values.map { .string($0) }) }
  public init(_ values: [Int]) { self = .array(values.map { .int(Int64($0)) }) }
  public init(_ values: [Double]) { self = .array(values.map { .double($0) }) }
}

extension JSONValue {
  public var isNull: Bool { self == .null }

  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The number as an `Int`, if it is integral and fits; `5000.0` counts, as some writers know
  /// only one kind of number.
  public var intValue: Int? {
    switch self {
    case .int(let value): Int(exactly: value)
    case .uint(let value): Int(exactly: value)
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number as a `Double`, rounded where an integer is over 2^53.
  public var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .uint(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The member of an object; nil where this is no object or has no such member.
  public subscript(key: String) -> JSONValue? { objectValue?[key] }

  /// The element of an array; nil where this is no array or the index is outside it.
  public subscript(index: Int) -> JSONValue? {
    guard let array = arrayValue, array.indices.contains(index) else { return nil }
    return array[index]
  }

  /// What a message calls a value of this kind: "a string", "an array".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .int, .uint: "an integer"
    case .double: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
  }
}
