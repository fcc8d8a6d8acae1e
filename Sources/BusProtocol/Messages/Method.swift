/// What a client may ask for (protocol: Methods).
public enum Method: String, Sendable, Hashable, CaseIterable, Codable {
  case segment
  case imagePut = "image.put"
  case imageDrop = "image.drop"
  case categoriesList = "categories.list"
  case categoriesResolve = "categories.resolve"
  case report
  case capabilities
  case status
  case cancel
  case streamReplay = "stream.replay"
  case modelReload = "model.reload"

  /// What a client's key must be allowed to do.
  public enum Role: String, Sendable, Hashable, CaseIterable {
    case query, stream, admin
  }

  public var role: Role {
    switch self {
    case .streamReplay: .stream
    case .modelReload: .admin
    default: .query
    }
  }
}
