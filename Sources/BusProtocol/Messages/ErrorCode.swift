/// The codes of the protocol's error table; each reply with `status: error` has one.
public enum ErrorCode: String, Sendable, Hashable, CaseIterable, Codable {
  /// Frames or header are not of this protocol.
  case invalidMessage = "invalid_message"
  /// A parameter or tensor is off; `details.path` says which.
  case invalidArgument = "invalid_argument"
  case unknownMethod = "unknown_method"
  /// With at most five suggestions.
  case unknownCategory = "unknown_category"
  /// No such `image_id`, or it was evicted.
  case unknownImage = "unknown_image"
  /// Over a limit; `details.limit` names it as `capabilities` does.
  case tooLarge = "too_large"
  /// The queue is full; `details.retry_after_ms`.
  case busy
  case deadlineExceeded = "deadline_exceeded"
  case cancelled
  /// This `id` was used with another content.
  case idConflict = "id_conflict"
  /// The key may not use this method.
  case unauthorized
  /// A fault of the server, logged under `request`.
  case `internal`

  /// The table's column "again?".
  public enum Again: Sendable, Hashable {
    case afterMending, never, sendImageAgain, smaller, later, asWished, withNewID
  }

  public var again: Again {
    switch self {
    case .invalidMessage, .invalidArgument, .unknownCategory: .afterMending
    case .unknownMethod, .unauthorized: .never
    case .unknownImage: .sendImageAgain
    case .tooLarge: .smaller
    case .busy: .later
    case .deadlineExceeded, .cancelled, .internal: .asWished
    case .idConflict: .withNewID
    }
  }
}
