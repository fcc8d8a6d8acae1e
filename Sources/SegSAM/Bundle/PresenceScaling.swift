import func Foundation.exp

/// How the network's logit of presence becomes a chance: sigmoid(scale · logit + offset), fitted on
/// `val` (Platt's scaling), since in training far more is there of what is asked for than in use.
public struct PresenceScaling: Codable, Sendable, Hashable {
  public var scale: Double, offset: Double

  public init(scale: Double = 1, offset: Double = 0) {
    self.scale = scale
    self.offset = offset
  }

  public func chance(_ logit: Double) -> Double { 1 / (1 + exp(-(scale * logit + offset))) }
}
