import BusProtocol
import JSONC

/// What one client may take of the server, so that others have something of it too. Nil: no limit.
public struct ClientLimits: Sendable, Hashable {
  /// Requests a second, in the long run, and how many may come at once after a pause.
  public var requestsPerSecond: Double?
  /// Nil: what one second allows, at least one.
  public var burst: Int?
  /// Payload bytes of requests that have no final reply yet.
  public var bytesInFlight: Int?
  /// Images held under a lease.
  public var imagesHeld: Int?

  public init(
    requestsPerSecond: Double? = nil, burst: Int? = nil, bytesInFlight: Int? = nil,
    imagesHeld: Int? = nil
  ) {
    self.requestsPerSecond = requestsPerSecond
    self.burst = burst
    self.bytesInFlight = bytesInFlight
    self.imagesHeld = imagesHeld
  }

  /// How many tokens a client's bucket holds.
  var capacity: Double {
    if let burst { return Double(burst) }
    return max(1, requestsPerSecond ?? 1)
  }

  /// Whether clients must be remembered for these limits.
  var needsAccounts: Bool { requestsPerSecond != nil || bytesInFlight != nil }

  /// Refuses limits by which nothing would ever be answered.
  func check() throws(ServiceError) {
    if let rate = requestsPerSecond, !(rate > 0 && rate.isFinite) {
      throw ServiceError(.badConfiguration, "requests a second of a client must be more than 0")
    }
    if burst.map({ $0 < 1 }) == true || bytesInFlight.map({ $0 < 1 }) == true {
      throw ServiceError(
        .badConfiguration, "the burst and the bytes in flight of a client must be at least 1")
    }
    if imagesHeld.map({ $0 < 0 }) == true {
      throw ServiceError(.badConfiguration, "the held images of a client cannot be fewer than 0")
    }
  }

  /// Whether a client that holds so many images may hold one more.
  ///
  /// - Throws: `too_large`.
  func checkHeld(_ images: Int) throws(ProtocolError) {
    guard let imagesHeld, images >= imagesHeld else { return }
    throw ProtocolError(
      .tooLarge, "this client holds \(images) images, as many as it may: drop one first",
      details: ["limit": "client_images", "maximum": JSONValue(imagesHeld)])
  }
}
