public import JSONC

/// Frame 0 of a reply.
public struct ReplyHeader: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, CaseIterable {
    /// The request is queued (durable: on disk); only on request, to DEALER clients.
    case accepted
    /// How far it is; only on request, to DEALER clients.
    case partial
    case ok
    case error

    /// Every request gets exactly one final reply.
    public var isFinal: Bool { self == .ok || self == .error }
  }

  /// Which model answered.
  public struct Model: Sendable, Hashable, Codable {
    public var name: String
    public var version: String
    public init(name: String, version: String) {
      self.name = name
      self.version = version
    }
  }

  /// The client's; nil where it could not be read.
  public var id: String?
  /// The server's own id of the request, used in topics.
  public var request: String?
  public var status: Status
  public var model: Model?
  public var result: JSONValue?
  public var outputs: [TensorEntry]
  /// Milliseconds by stage: `queue`, `image_encoder`, `decoders`, `total`.
  public var timing: [String: Double]
  /// Set exactly where `status` is `error`.
  public var error: ProtocolError?

  public init(
    id: String?, request: String? = nil, status: Status, model: Model? = nil,
    result: JSONValue? = nil, outputs: [TensorEntry] = [], timing: [String: Double] = [:],
    error: ProtocolError? = nil
  ) {
    self.id = id
    self.request = request
    self.status = status
    self.model = model
    self.result = result
    self.outputs = outputs
    self.timing = timing
    self.error = error
  }

  /// A final reply that says what went wrong.
  public static func failure(
    _ error: ProtocolError, id: String?, request: String? = nil
  ) -> ReplyHeader {
    ReplyHeader(id: id, request: request, status: .error, error: error)
  }

  public var json: JSONObject {
    var object: JSONObject = [
      "protocol": .string(RequestHeader.protocolName), "id": id.map { .string($0) } ?? .null,
    ]
    if let request { object["request"] = .string(request) }
    object["status"] = .string(status.rawValue)
    if let model {
      object["model"] = ["name": .string(model.name), "version": .string(model.version)]
    }
    if let result { object["result"] = result }
    if !outputs.isEmpty { object["outputs"] = .array(outputs.map(\.json)) }
    if !timing.isEmpty {
      let stages = timing.sorted { $0.key < $1.key }.map {
        (key: $0.key, value: JSONValue($0.value))
      }
      object["timing_ms"] = .object(JSONObject(stages))
    }
    if let error {
      var body: JSONObject = [
        "code": .string(error.code.rawValue), "message": .string(error.message),
      ]
      if !error.details.isEmpty { body["details"] = .object(error.details) }
      object["error"] = .object(body)
    }
    return object
  }
}
