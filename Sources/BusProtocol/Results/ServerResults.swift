public import JSONC

/// The `result` of `report`; HTML comes as the `BYTES` output `html`.
public struct ReportResult: Sendable, Hashable, Codable {
  public var report: JSONValue
  public init(report: JSONValue) { self.report = report }
}

/// The `result` of `capabilities`.
public struct CapabilitiesResult: Sendable, Hashable, Codable {
  public var `protocol`: String
  public var methods: [String]
  public var model: ReplyHeader.Model?
  public var modalities: [String]?
  public var contentTypes: [String]?
  /// By name, as `too_large` uses them.
  public var limits: JSONObject?
  public var languages: [String]?
  public var storedAnswers: JSONValue?

  public init(
    protocol: String = RequestHeader.protocolName, methods: [String],
    model: ReplyHeader.Model? = nil, modalities: [String]? = nil, contentTypes: [String]? = nil,
    limits: JSONObject? = nil, languages: [String]? = nil, storedAnswers: JSONValue? = nil
  ) {
    self.protocol = `protocol`
    self.methods = methods
    self.model = model
    self.modalities = modalities
    self.contentTypes = contentTypes
    self.limits = limits
    self.languages = languages
    self.storedAnswers = storedAnswers
  }

  enum CodingKeys: String, CodingKey {
    case `protocol`, methods, model, modalities, limits, languages
    case contentTypes = "content_types"
    case storedAnswers = "stored_answers"
  }
}

/// The `result` of `status`.
public struct StatusResult: Sendable, Hashable, Codable {
  /// What the server holds for the client that asks.
  public struct Yours: Sendable, Hashable, Codable {
    public struct Queued: Sendable, Hashable, Codable {
      public var id: String
      /// Requests that will be served before it.
      public var ahead: Int
      public init(id: String, ahead: Int) {
        self.id = id
        self.ahead = ahead
      }
    }

    public var queued: [Queued]?
    public var inFlight: [JSONValue]?
    public var images: [JSONValue]?

    public init(queued: [Queued]?, inFlight: [JSONValue]?, images: [JSONValue]?) {
      self.queued = queued
      self.inFlight = inFlight
      self.images = images
    }

    enum CodingKeys: String, CodingKey {
      case queued, images
      case inFlight = "in_flight"
    }
  }

  public var live: Bool
  public var ready: Bool
  public var queued: Int
  public var inFlight: Int
  public var uptime: Double
  /// The stream's last.
  public var position: Int
  public var yours: Yours?

  public init(
    live: Bool, ready: Bool, queued: Int, inFlight: Int, uptime: Double, position: Int,
    yours: Yours? = nil
  ) {
    self.live = live
    self.ready = ready
    self.queued = queued
    self.inFlight = inFlight
    self.uptime = uptime
    self.position = position
    self.yours = yours
  }

  enum CodingKeys: String, CodingKey {
    case live, ready, queued, position, yours
    case inFlight = "in_flight"
    case uptime = "uptime_s"
  }
}

/// The `result` of `stream.replay`; the messages' tensors are the reply's outputs, in order.
public struct StreamReplayResult: Sendable, Hashable, Codable {
  public struct Message: Sendable, Hashable, Codable {
    public var topic: String
    public var header: JSONObject
    /// How many of the reply's outputs belong to it.
    public var outputs: Int
    public init(topic: String, header: JSONObject, outputs: Int) {
      self.topic = topic
      self.header = header
      self.outputs = outputs
    }
  }

  public var messages: [Message]
  public var oldest: Int
  public var next: Int
  public var truncated: Bool

  public init(messages: [Message], oldest: Int, next: Int, truncated: Bool) {
    self.messages = messages
    self.oldest = oldest
    self.next = next
    self.truncated = truncated
  }
}

/// The `result` of `model.reload`.
public struct ModelReloadResult: Sendable, Hashable, Codable {
  public var model: ReplyHeader.Model
  public init(model: ReplyHeader.Model) { self.model = model }
}
