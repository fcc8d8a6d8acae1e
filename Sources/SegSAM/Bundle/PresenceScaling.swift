import func Foundation.exp
import func Foundation.log1p

/// How the network's logit of presence becomes a chance: sigmoid(scale · logit + offset), fitted on
/// `val` (Platt's scaling), since in training far more is there of what is asked for than in use.
public struct PresenceScaling: Codable, Sendable, Hashable {
  public var scale: Double, offset: Double
  /// What each e-fold of the mask's area adds to the logit before it is scaled; nil: nothing. A mask
  /// that is drawn, and how large, says more of what is there than the two heads alone.
  public var drawn: Double?
  /// How far under its threshold, as a logit of the chance, an object may fall in slices of a volume
  /// that are joined to one where it is over it; nil: not at all. Chosen on `val`.
  public var slack: Double?

  public init(
    scale: Double = 1, offset: Double = 0, drawn: Double? = nil, slack: Double? = nil
  ) {
    self.scale = scale
    self.offset = offset
    self.drawn = drawn
    self.slack = slack
  }

  /// The logit to scale.
  ///
  /// - Parameters:
  ///   - logit: of presence, as the network says it; `mask`: M_b's logits, `[S/2, S/2]`.
  func evidence(_ logit: Double, mask: [Float]) -> Double {
    guard let drawn else { return logit }
    return logit + drawn * log1p(Double(mask.count { $0 > 0 }))
  }

  public func chance(_ logit: Double) -> Double { 1 / (1 + exp(-(scale * logit + offset))) }

  /// The chance that is enough in slices joined to one where the threshold is reached.
  func relaxed(_ threshold: Double) -> Double {
    guard let slack, threshold > 0, threshold < 1 else { return threshold }
    return 1 / (1 + (1 - threshold) / threshold * exp(slack))
  }
}
