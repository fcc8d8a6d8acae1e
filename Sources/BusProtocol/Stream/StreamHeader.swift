public import JSONC

/// Frame 1 of a stream message.
public struct StreamHeader: Sendable, Hashable {
  /// Counts all messages but heartbeats, over restarts too when there is a journal.
  public var position: Int
  /// Rises by one within exactly this topic: a gap is a loss. Nil in heartbeats.
  public var topicPosition: Int?
  /// RFC 3339, UTC.
  public var time: String
  /// The server's id of the request.
  public var request: String?
  public var study: String?
  public var category: String?
  public var result: JSONValue?
  public var outputs: [TensorEntry]
  /// In heartbeats: of the stream's numbers. Another one, and they have begun anew.
  public var life: String?

  public init(
    position: Int, topicPosition: Int? = nil, time: String, request: String? = nil,
    study: String? = nil, category: String? = nil, result: JSONValue? = nil,
    outputs: [TensorEntry] = [], life: String? = nil
  ) {
    self.position = position
    self.topicPosition = topicPosition
    self.time = time
    self.request = request
    self.study = study
    self.category = category
    self.result = result
    self.outputs = outputs
    self.life = life
  }

  public var json: JSONObject {
    var object: JSONObject = [
      "protocol": .string(RequestHeader.protocolName), "position": JSONValue(position),
    ]
    if let topicPosition { object["topic_position"] = JSONValue(topicPosition) }
    object["time"] = .string(time)
    if let request { object["request"] = .string(request) }
    if let study { object["study"] = .string(study) }
    if let category { object["category"] = .string(category) }
    if let result { object["result"] = result }
    if let life { object["life"] = .string(life) }
    if !outputs.isEmpty { object["outputs"] = .array(outputs.map(\.json)) }
    return object
  }
}
