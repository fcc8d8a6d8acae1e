public import JSONC

/// Frame 0 of a request.
public struct RequestHeader: Sendable, Hashable {
  /// The `protocol` member of every header.
  public static let protocolName = "segsam/1"

  /// 1 to 128 printable ASCII characters, echoed.
  public var id: String
  /// A UUID, lower case, that the client keeps over reconnects.
  public var client: String?
  public var method: String
  /// Counts from arrival, queue included; at least 1.
  public var deadlineMilliseconds: Int?
  /// −10 to 10, higher first.
  public var priority: Int
  /// `accepted` and `partial` replies are wanted; not over an envelope.
  public var progress: Bool
  /// The request outlives the server's death.
  public var durable: Bool
  public var parameters: JSONObject
  public var inputs: [TensorEntry]

  public init(
    id: String, client: String? = nil, method: String, deadlineMilliseconds: Int? = nil,
    priority: Int = 0, progress: Bool = false, durable: Bool = false,
    parameters: JSONObject = [:], inputs: [TensorEntry] = []
  ) {
    self.id = id
    self.client = client
    self.method = method
    self.deadlineMilliseconds = deadlineMilliseconds
    self.priority = priority
    self.progress = progress
    self.durable = durable
    self.parameters = parameters
    self.inputs = inputs
  }

  /// The header as JSON; defaults are left out.
  public var json: JSONObject {
    var object: JSONObject = ["protocol": .string(Self.protocolName), "id": .string(id)]
    if let client { object["client"] = .string(client) }
    object["method"] = .string(method)
    if let deadlineMilliseconds { object["deadline_ms"] = JSONValue(deadlineMilliseconds) }
    if priority != 0 { object["priority"] = JSONValue(priority) }
    if progress { object["progress"] = true }
    if durable { object["durable"] = true }
    object["parameters"] = .object(parameters)
    if !inputs.isEmpty { object["inputs"] = .array(inputs.map(\.json)) }
    return object
  }
}
