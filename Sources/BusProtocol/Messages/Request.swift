/// A request that has passed every check that needs neither vocabulary nor model.
public struct Request: Sendable {
  /// Whether an empty frame came first, to be mirrored in the reply.
  public var isEnveloped: Bool
  public var header: RequestHeader
  public var parameters: MethodParameters
  /// The input `image`, if one came.
  public var image: InputImage?
  /// The input `mask`, if one came: UINT8 or BOOL of 0 and 1, `[…image]` or `[K, …image]`.
  public var mask: Tensor?

  public init(
    isEnveloped: Bool, header: RequestHeader, parameters: MethodParameters,
    image: InputImage? = nil, mask: Tensor? = nil
  ) {
    self.isEnveloped = isEnveloped
    self.header = header
    self.parameters = parameters
    self.image = image
    self.mask = mask
  }

  public var method: Method { parameters.method }

  /// Where the entry of a mask stands: after the image, if there is one.
  public static func maskPath(hasImage: Bool) -> String { hasImage ? "inputs[1]" : "inputs[0]" }
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
