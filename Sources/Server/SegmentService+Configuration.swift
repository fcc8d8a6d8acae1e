public import BusProtocol
public import Foundation
public import Journal

extension SegmentService {
  /// How a server is set up. The defaults are those of the protocol.
  public struct Configuration: Sendable {
    /// Of the ROUTER and of the XPUB socket; `tcp://127.0.0.1:*` takes a free port.
    public var bind = "tcp://127.0.0.1:5555"
    public var publish = "tcp://127.0.0.1:5556"
    /// Binds to addresses that other machines reach, without keys. Off, that is refused.
    public var isInsecure = false
    /// Keys that connections are asked for; nil: none.
    public var security: Security?
    /// What one client may take.
    public var clientLimits = ClientLimits()
    /// Of messages (protocol: Messages).
    public var limits = ProtocolLimits()
    /// Of the server's own memory.
    public var budget = Budget()
    /// Requests that run at a time; an engine that uses all cores gains nothing from more.
    public var workers = 1
    /// How long a stop lets queued requests run before it answers them with `busy`.
    public var stopGrace: Duration = .seconds(10)
    /// Between heartbeats on the stream, and between sweeps of what has expired.
    public var heartbeat: Duration = .seconds(1)
    /// A held image's lease, and how long an answer can be asked for again.
    public var imageLease: Duration = .seconds(60)
    public var answerAge: Duration = .seconds(600)

    /// The folder in which durable requests, their answers and the stream are kept; nil: there are no
    /// durable requests, and the stream is kept in memory.
    public var journal: URL?
    /// What the journal keeps; without one, of the stream in memory.
    public var journalLimits = JournalLimits()

    public init() {}
  }

  /// Bounds of the server's queues and stores. Bytes are of payloads, and of decoded samples (four
  /// bytes each) for held images.
  public struct Budget: Sendable, Hashable {
    public var queuedRequests = 256
    public var queuedBytes = 1 << 30
    /// Of one final reply.
    public var replyBytes = 512 << 20
    /// Queries times voxels of one request: what the engine holds at once, a byte each.
    public var maskElements = 1 << 30
    public var heldImageBytes = 512 << 20
    public var heldImages = 256
    public var storedAnswerBytes = 128 << 20
    public var storedAnswers = 10_000
    /// Clients and topics that are remembered.
    public var clients = 10_000
    public var topics = 50_000
    /// Messages that libzmq keeps for each subscriber.
    public var subscriberMessages = 256

    public init() {}
  }
}

extension SegmentService.Configuration {
  /// Refuses what could not work, or would be open to others unasked.
  public func check() throws(ServiceError) {
    for endpoint in [bind, publish]
    where !Self.isLocal(endpoint) && !isInsecure && security == nil {
      throw ServiceError(
        .insecureBind,
        "\(endpoint) can be reached by others, who are not asked for keys; "
          + "bind to 127.0.0.1 or ipc, give --server-key and --client-keys, or allow it with "
          + "--insecure")
    }
    try clientLimits.check()
    guard workers > 0, budget.queuedRequests > 0 else {
      throw ServiceError(.badConfiguration, "workers and queued requests must be at least 1")
    }
  }

  /// Loopback, ipc and inproc.
  static func isLocal(_ endpoint: String) -> Bool {
    if endpoint.hasPrefix("ipc://") || endpoint.hasPrefix("inproc://") { return true }
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else {
      return false
    }
    let host = endpoint[
      endpoint.index(
        endpoint.startIndex, offsetBy: 6)..<max(
          colon, endpoint.index(endpoint.startIndex, offsetBy: 6))]
    if host == "localhost" || host == "[::1]" || host == "lo" { return true }
    let octets = host.split(separator: ".", omittingEmptySubsequences: false)
    return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
  }
}
