import JSONC

/// Turns the frames of a message into a checked request. Whatever comes, the outcome is a request
/// or a rejection with a documented code.
///
/// Which code: what is wrong with the frames or the outermost structure of the header (not JSON,
/// `protocol`, `id`, `method`, `parameters` no object, `inputs` no array, their number) is
/// `invalid_message`; the value of any other member, and a tensor that is off, is
/// `invalid_argument` with `details.path`; over a limit is `too_large` with `details.limit`.
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

  /// Reads a message.
  ///
  /// - Parameter frames: all after the routing identity, a leading empty one (the envelope)
  ///   included.
  /// - Throws: `Rejection`, with the id where it could be read.
  public func parse(frames: [Payload]) throws(Rejection) -> Request {
    let isEnveloped = frames.first?.isEmpty ?? false
    let rest = isEnveloped ? frames.dropFirst() : frames[...]
    var id: String?
    do throws(ProtocolError) {
      guard let first = rest.first else { throw .invalidMessage("the message has no header") }
      let object = try headerObject(first, id: &id)
      return try request(object, id: &id, frames: Array(rest.dropFirst()), isEnveloped: isEnveloped)
    } catch {
      throw Rejection(error, id: id, isEnveloped: isEnveloped)
    }
  }

  private func request(
    _ object: JSONObject, id: inout String?, frames: [Payload], isEnveloped: Bool
  ) throws(ProtocolError) -> Request {
    var header = try self.header(object, id: &id)
    guard let method = Method(rawValue: header.method) else {
      throw unknownMethod(header.method)
    }
    if isEnveloped && header.progress {
      throw .invalidArgument(
        "over an envelope (REQ) only final replies are sent: ask for progress from a DEALER",
        path: "progress")
    }
    let tensors = try self.tensors(object, frames: frames)
    header.inputs = tensors.map(\.entry)
    let mask = method == .segment ? tensors.first { $0.entry.name == "mask" } : nil
    let parameters = try MethodParameters(
      method, Members(header.parameters, at: "parameters"), limits: limits, hasMask: mask != nil)
    let image = try self.image(tensors, for: parameters)
    if case .segment(let segment) = parameters {
      let path = Request.maskPath(hasImage: image != nil)
      try mask?.checkMask(for: segment, at: path)
      if let grid = image?.gridShape {
        try segment.check(gridShape: grid)
        try mask?.checkMaskShape(for: segment, gridShape: grid, at: path)
      }
    }
    return Request(
      isEnveloped: isEnveloped, header: header, parameters: parameters, image: image, mask: mask)
  }

  private func unknownMethod(_ name: String) -> ProtocolError {
    var details: JSONObject = ["method": .string(name)]
    if let meant = Suggestion.closest(to: name, among: Method.allCases.map(\.rawValue)) {
      details["suggestions"] = [.string(meant)]
    }
    return ProtocolError(
      .unknownMethod, "there is no method \"\(name)\"; capabilities lists them", details: details)
  }
}
