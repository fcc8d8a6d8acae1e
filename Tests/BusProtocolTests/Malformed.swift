import BusProtocol
import Testing

/// A message that must be refused, and how.
struct Malformed: Sendable, CustomTestStringConvertible {
  var name: String
  var code: ErrorCode
  /// `details.path`, where the code says that there is one.
  var path: String?
  /// Whether the reply can carry the id, `"r1"`.
  var keepsID: Bool
  var frames: [Payload]
  var testDescription: String { name }

  init(
    _ name: String, _ code: ErrorCode, _ path: String? = nil, keepsID: Bool = true,
    frames: [Payload]
  ) {
    self.name = name
    self.code = code
    self.path = path
    self.keepsID = keepsID
    self.frames = frames
  }

  /// A header of raw text.
  init(
    _ name: String, _ code: ErrorCode, _ path: String? = nil, keepsID: Bool = true, text: String,
    _ frames: [UInt8]...
  ) {
    self.init(
      name, code, path, keepsID: keepsID, frames: [Payload(text)] + frames.map { Payload($0) })
  }

  /// A sound `segment` on a 2×2 image but for what replaces `parameters` and the entry.
  static func segment(
    _ name: String, _ code: ErrorCode, _ path: String?,
    _ parameters: String = #"{"categories": ["liver"]}"#,
    entry: String = Self.entry, pixels: [UInt8] = [0, 1, 2, 3]
  ) -> Malformed {
    Malformed(
      name, code, path,
      text: head + #""method": "segment", "parameters": \#(parameters), "#
        + #""inputs": [\#(entry)]}"#, pixels)
  }

  static func entry(_ name: String, _ path: String?, _ entry: String) -> Malformed {
    segment(name, .invalidArgument, path, entry: entry)
  }

  /// With image `parameters` on a 2×2 image.
  static func image(_ name: String, _ path: String, _ parameters: String) -> Malformed {
    entry(
      name, "inputs[0].parameters.\(path)",
      #"{"name": "image", "datatype": "UINT8", "shape": [2, 2], "parameters": \#(parameters)}"#)
  }

  static func parameters(_ name: String, _ path: String, _ parameters: String) -> Malformed {
    segment(name, .invalidArgument, "parameters\(path)", parameters)
  }

  /// Without inputs.
  static func call(
    _ name: String, _ code: ErrorCode, _ path: String? = nil, _ rest: String
  ) -> Malformed {
    Malformed(
      name, code, path,
      text: head + rest + "}")
  }

  static let head = #"{"protocol": "segsam/1", "id": "r1", "#
  static let entry = #"{"name": "image", "datatype": "UINT8", "shape": [2, 2]}"#
}
