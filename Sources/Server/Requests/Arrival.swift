import BusProtocol
import ZeroMQ

/// A request with where it came from.
struct Arrival: Sendable {
  var content: Request
  var digest: ContentDigest
  /// Of the input image.
  var imageDigest: ContentDigest?
  /// Header and inputs, without routing id and envelope.
  var frames: [Frame]
  /// The routing id.
  var peer: Frame
  /// The CURVE key of the connection, where keys are asked for.
  var user: String?

  var route: Route { Route(peer: peer, isEnveloped: content.isEnveloped) }
  var owner: Owner { Owner(user: user, client: content.header.client, route: peer) }
}
