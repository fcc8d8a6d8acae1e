/// A request that has passed every check that needs neither vocabulary nor model.
public struct Request: Sendable {
  /// Whether an empty frame came first, to be mirrored in the reply.
  public var isEnveloped: Bool
  public var header: RequestHeader
  public var parameters: MethodParameters
  /// The input `image`, if one came.
  public var image: InputImage?

  public init(
    isEnveloped: Bool, header: RequestHeader, parameters: MethodParameters,
    image: InputImage? = nil
  ) {
    self.isEnveloped = isEnveloped
    self.header = header
    self.parameters = parameters
    self.image = image
  }

  public var method: Method { parameters.method }
}

/// What is left of a message that is no acceptable request: enough to answer it.
public struct Rejection: Error, Sendable, Hashable {
  public var error: ProtocolError
  /// The request's id; nil where it could not be read.
  public var id: String?
  public var isEnveloped: Bool

  public init(_ error: ProtocolError, id: String?, isEnveloped: Bool) {
    self.error = error
    self.id = id
    self.isEnveloped = isEnveloped
  }

  /// The final reply's header.
  public var reply: ReplyHeader { .failure(error, id: id) }
}
