/// The `result` of `image.put`.
public struct ImagePutResult: Sendable, Hashable, Codable {
  /// A hash of bytes and image parameters, visible to its owner.
  public var imageID: String
  public var shape: [Int]
  /// Seconds; any message of the client starts them anew.
  public var expiresIn: Double

  public init(imageID: String, shape: [Int], expiresIn: Double) {
    self.imageID = imageID
    self.shape = shape
    self.expiresIn = expiresIn
  }

  enum CodingKeys: String, CodingKey {
    case imageID = "image_id"
    case shape
    case expiresIn = "expires_in_s"
  }
}

/// The `result` of `image.drop`.
public struct ImageDropResult: Sendable, Hashable, Codable {
  public var dropped: Bool
  public init(dropped: Bool) { self.dropped = dropped }
}

/// The `result` of `cancel`.
public struct CancelResult: Sendable, Hashable, Codable {
  /// False where the request is not known, or too far to be stopped.
  public var cancelled: Bool
  public init(cancelled: Bool) { self.cancelled = cancelled }
}
