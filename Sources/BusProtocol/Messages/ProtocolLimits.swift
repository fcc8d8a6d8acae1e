public import JSONC

/// What a message may hold. `capabilities` reports them under these names; `too_large` names the
/// one that was passed in `details.limit`.
public struct ProtocolLimits: Sendable, Hashable {
  /// Bytes of frame 0.
  public var headerBytes = 1 << 20
  public var jsonDepth = 32
  /// Members and elements in the header, all levels together.
  public var jsonMembers = 65_536
  /// Entries of `inputs`.
  public var inputs = 16
  /// Bytes of all frames after the header together.
  public var inputBytes = 1 << 30
  /// Voxels (times colours) of an input image.
  public var imageElements = 1 << 28
  /// Queries of a request.
  public var queries = 256
  public var points = 1024
  /// UTF-8 bytes of `free_text`, and of any one query.
  public var textBytes = 2048
  /// Messages of one `stream.replay`.
  public var replayMessages = 10_000

  public init() {}

  /// The `limits` member of `capabilities`.
  public var json: JSONObject {
    [
      "header_bytes": JSONValue(headerBytes), "json_depth": JSONValue(jsonDepth),
      "json_members": JSONValue(jsonMembers), "inputs": JSONValue(inputs),
      "input_bytes": JSONValue(inputBytes), "image_elements": JSONValue(imageElements),
      "queries": JSONValue(queries), "points": JSONValue(points),
      "text_bytes": JSONValue(textBytes), "replay_messages": JSONValue(replayMessages),
    ]
  }

  var headerJSON: JSONLimits {
    JSONLimits(bytes: headerBytes, depth: jsonDepth, members: jsonMembers)
  }
}
