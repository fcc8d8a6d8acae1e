import Foundation
import JSONC

extension JSONValue {
  /// JSON over several lines, for files that people open too; lists of plain values stay on one.
  func pretty() throws -> String { try pretty(indent: "") + "\n" }

  private func pretty(indent: String) throws -> String {
    let inner = indent + "  "
    switch self {
    case .object(let object) where !object.isEmpty:
      let members = try object.map { member in
        let key = String(decoding: try JSONValue(member.key).encoded(), as: UTF8.self)
        return "\(inner)\(key): \(try member.value.pretty(indent: inner))"
      }
      return "{\n\(members.joined(separator: ",\n"))\n\(indent)}"
    case .array(let values) where values.contains(where: \.isNested):
      let elements = try values.map { inner + (try $0.pretty(indent: inner)) }
      return "[\n\(elements.joined(separator: ",\n"))\n\(indent)]"
    case .array(let values):
      return "[\(try values.map { try $0.pretty(indent: inner) }.joined(separator: ", "))]"
    default: return String(decoding: try encoded(), as: UTF8.self)
    }
  }

  private var isNested: Bool { objectValue != nil || arrayValue != nil }
}
