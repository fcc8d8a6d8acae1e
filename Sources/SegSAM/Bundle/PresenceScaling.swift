import func Foundation.exp

/// How the network's logit of presence becomes a chance: sigmoid(scale · logit + offset), fitted on
/// `val` (Platt's scaling), since in training far more is there of what is asked for than in use.
public struct PresenceScaling: Codable, Sendable, Hashable {
  public var scale: Double, offset: Double
  /// How much of the logit is the CO-token's, 0 to 1, and not the query's own; nil: half.
  public var token: Double?
  /// What each e-fold of the mask's area adds to the logit before it is scaled; nil: nothing. A mask
  /// that is drawn, and how large, says more of what is there than the two heads alone.
  public var drawn: Double?
  /// What the largest of the mask's logits adds, as a share of it: that something is drawn for certain
  /// somewhere. Within ±12; nil: nothing.
  public var peak: Double?
  /// What each e-fold of the area adds that may be the object's, over ``vagueLogit``: less than 0, for a
  /// mask that is much smaller than it might be is not sure of itself. Nil: nothing.
  public var vague: Double?
  /// How far under its threshold, as a logit of the chance, an object may fall in slices of a volume
  /// that are joined to one where it is over it; nil: not at all. Chosen on `val`.
  public var slack: Double?

  public init(
    scale: Double = 1, offset: Double = 0, token: Double? = nil, drawn: Double? = nil,
    peak: Double? = nil, vague: Double? = nil, slack: Double? = nil
  ) {
    self.scale = scale
    self.offset = offset
    self.token = token
    self.drawn = drawn
    self.peak = peak
    self.vague = vague
    self.slack = slack
  }

  /// The logit to scale: two heads say whether a trained category is there, the query's own and the
  /// CO-token's, and what is drawn says it too.
  public func logit(_ evidence: PresenceEvidence) -> Double {
    var logit = evidence.own
    if let said = evidence.token {
      let share = token ?? 0.5
      logit = (1 - share) * logit + share * said
    }
    if let drawn { logit += drawn * evidence.area }
    if let peak { logit += peak * evidence.peak }
    if let vague { logit += vague * evidence.vague }
    return logit
  }

  public func chance(_ logit: Double) -> Double { 1 / (1 + exp(-(scale * logit + offset))) }

  /// The chance that is enough in slices joined to one where the threshold is reached.
  func relaxed(_ threshold: Double) -> Double {
    guard let slack, threshold > 0, threshold < 1 else { return threshold }
    return 1 / (1 + (1 - threshold) / threshold * exp(slack))
  }
}
