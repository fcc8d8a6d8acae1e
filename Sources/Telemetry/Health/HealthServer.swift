import FlyingFox
import FlyingSocks
import Synchronization

/// `/metrics`, `/healthz` and `/readyz` over HTTP, for Prometheus and for supervisors.
///
/// Made for a private address: there is no authentication, and what it tells is how the server
/// fares. Each connection has one request, a deadline and a bound on what is read of it, and there
/// are only so many at once; so whatever comes here, the work beside it goes on.
public actor HealthServer {
  public struct Limits: Sendable, Hashable {
    /// Connections at once; further ones are closed unanswered.
    public var connections = 32
    /// Bytes of the request line and the headers; 431 past it.
    public var headBytes = 8 << 10
    /// Bytes read, and thrown away, after the headers.
    public var bodyBytes = 64 << 10
    /// From a connection's arrival to its end.
    public var timeout = Duration.seconds(5)

    public init() {}
  }

  /// What was asked for; ``start()`` tells the port that a 0 became.
  public nonisolated let address: HostPort
  private let limits: Limits
  private let pages: Pages
  private var isStarted = false
  private var serving: Task<Void, Never>?

  /// - Throws: ``TelemetryError/Code/badAddress``.
  public init(
    address: String, metrics: MetricRegistry, limits: Limits = Limits()
  ) throws(TelemetryError) {
    self.address = try HostPort(address)
    self.limits = limits
    pages = Pages(metrics: metrics)
  }

  /// What `/readyz` answers: ``Readiness/starting`` until it is set.
  public nonisolated var readiness: Readiness {
    get { pages.readiness.withLock { $0 } }
    set { pages.readiness.withLock { $0 = newValue } }
  }

  /// Listens, and serves until ``stop()``.
  ///
  /// - Returns: the address, with the port that is really used.
  /// - Throws: ``TelemetryError``: the address is taken, not of this machine, or not allowed.
  @discardableResult
  public func start() async throws(TelemetryError) -> HostPort {
    guard !isStarted else {
      throw TelemetryError(.alreadyStarted, "\(address) is served already; stop it first")
    }
    let listener = try Listener(at: address, limits: limits, pages: pages)
    isStarted = true
    let pool = HTTPServer.defaultPool()
    do {
      try await pool.prepare()
    } catch {
      isStarted = false
      listener.close()
      throw Listener.reason(error, at: address)
    }
    serving = Task { await listener.run(on: pool) }
    return listener.address
  }

  /// Closes all connections and the port; when it returns, the port is free.
  public func stop() async {
    guard let serving else { return }
    serving.cancel()
    await serving.value
    guard self.serving == serving else { return }
    self.serving = nil
    isStarted = false
  }
}
