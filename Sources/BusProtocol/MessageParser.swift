public import JSONC

/// Turns the frames of a message into a checked request. Whatever comes, the outcome is a request
/// or a rejection with a documented code.
public struct MessageParser: Sendable {
  public var limits: ProtocolLimits
  /// The `parameters.content_type` of `BYTES` images that the server reads.
  public var contentTypes: Set<String>

  public init(
    limits: ProtocolLimits = ProtocolLimits(),
    contentTypes: Set<String> = ["image/png", "image/jpeg", "application/x-nifti"]
  ) {
    self.limits = limits
    self.contentTypes = contentTypes
  }
}
