/// Why a text is not acceptable JSON, or a value not acceptable for a type.
public struct JSONError: Error, Sendable, Hashable {
  /// Stable names of what can go wrong.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// Over `JSONLimits.bytes`; nothing was read.
    case tooLong = "too_long"
    /// Over `JSONLimits.depth`.
    case tooDeep = "too_deep"
    /// Over `JSONLimits.members`.
    case tooManyMembers = "too_many_members"
    case invalidUTF8 = "invalid_utf8"
    /// Not the grammar of RFC 8259: comments, single quotes, trailing text or commas, `NaN`.
    case syntax
    /// A name twice in one object, after escapes; canonically equivalent names are the same.
    case duplicateKey = "duplicate_key"
    /// An integer outside `Int64.min ... UInt64.max`, or a number that no finite double stands for.
    case numberOutOfRange = "number_out_of_range"
    /// A value to be written that JSON has no form for: NaN, an infinity, a NUL in a name.
    case notRepresentable = "not_representable"
    case typeMismatch = "type_mismatch"
    case missingMember = "missing_member"
    case invalidValue = "invalid_value"
    /// json-c refused or ran out of memory.
    case library
  }

  public var code: Code
  /// What is wrong and what to do, for a person.
  public var message: String
  /// Where, as `parameters.boxes[2]`; empty for the whole document.
  public var path: String
  /// Byte offset in the text, where one is known.
  public var offset: Int?

  public init(_ code: Code, _ message: String, path: String = "", offset: Int? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  public var description: String {
    var text = message
    if !path.isEmpty { text += " at \(path)" }
    if let offset { text += " (byte \(offset))" }
    return text
  }
}

/// A step from a value to one inside it.
enum JSONPathStep: Hashable, Sendable {
  case key(String)
  case index(Int)
}

extension [JSONPathStep] {
  /// `parameters.boxes[2]`.
  var text: String {
    var text = ""
    for step in self {
      switch step {
      case .key(let key): text += text.isEmpty ? key : ".\(key)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }
}
