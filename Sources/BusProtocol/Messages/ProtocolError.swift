public import JSONC

/// The `error` member of a reply: a stable code, what to do, and what a program needs to do it.
public struct ProtocolError: Error, Sendable, Hashable {
  public var code: ErrorCode
  public var message: String
  /// Empty where there is nothing to add.
  public var details: JSONObject

  public init(_ code: ErrorCode, _ message: String, details: JSONObject = [:]) {
    self.code = code
    self.message = message
    self.details = details
  }
}

extension ProtocolError: CustomStringConvertible {
  public var description: String { "\(code.rawValue): \(message)" }

  /// `details.path`, as `parameters.boxes[2]`.
  public var path: String? { details["path"]?.stringValue }
}

extension ProtocolError {
  public static func invalidMessage(_ message: String) -> ProtocolError {
    ProtocolError(.invalidMessage, message)
  }

  /// - Parameter path: of the offending member, from the header's root.
  public static func invalidArgument(
    _ message: String, path: String, suggestion: String? = nil
  ) -> ProtocolError {
    var details: JSONObject = ["path": .string(path)]
    if let suggestion { details["suggestions"] = [.string(suggestion)] }
    return ProtocolError(.invalidArgument, message, details: details)
  }

  public static func unknownCategory(
    _ query: String, suggestions: [String]
  ) -> ProtocolError {
    ProtocolError(
      .unknownCategory, "no category is called \"\(query)\"",
      details: [
        "query": .string(query), "suggestions": JSONValue(Array(suggestions.prefix(5))),
      ])
  }

  public static func unknownImage(_ id: String) -> ProtocolError {
    ProtocolError(
      .unknownImage, "no image is held under this image_id (any more): send it again",
      details: ["image_id": .string(id)])
  }

  /// - Parameters:
  ///   - limit: the name of the limit in the `limits` of `capabilities`.
  ///   - actual: what came, where that is known.
  public static func tooLarge(
    limit: String, maximum: Int, actual: Int? = nil, path: String? = nil
  ) -> ProtocolError {
    var details: JSONObject = ["limit": .string(limit), "maximum": JSONValue(maximum)]
    if let actual { details["actual"] = JSONValue(actual) }
    if let path { details["path"] = .string(path) }
    return ProtocolError(.tooLarge, "over the limit \(limit) of \(maximum)", details: details)
  }

  public static func busy(retryAfterMilliseconds: Int) -> ProtocolError {
    ProtocolError(
      .busy, "the queue is full: try again later",
      details: ["retry_after_ms": JSONValue(retryAfterMilliseconds)])
  }
}
