import func Foundation.exp
import func Foundation.log1p

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

  /// Over it a pixel may be the object's.
  static let vagueLogit: Float = -2

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
  ///
  /// - Parameter classLogit: the CO-token's of C_s; nil for what is no trained category, of which the
  ///   query's head alone speaks.
  func evidence(_ decoded: DecodedQuery, classLogit: Float?) -> Double {
    var logit = Double(decoded.presence)
    if let classLogit {
      let share = token ?? 0.5
      logit = (1 - share) * logit + share * Double(classLogit)
    }
    if let drawn { logit += drawn * log1p(Double(decoded.mask.count { $0 > 0 })) }
    guard peak != nil || vague != nil else { return logit }
    let agreed = decoded.agreed
    if let peak { logit += peak * Double(min(max(agreed.max() ?? 0, -12), 12)) }
    if let vague { logit += vague * log1p(Double(agreed.count { $0 > Self.vagueLogit })) }
    return logit
  }

  public func chance(_ logit: Double) -> Double { 1 / (1 + exp(-(scale * logit + offset))) }

  /// The chance that is enough in slices joined to one where the threshold is reached.
  func relaxed(_ threshold: Double) -> Double {
    guard let slack, threshold > 0, threshold < 1 else { return threshold }
    return 1 / (1 + (1 - threshold) / threshold * exp(slack))
  }
}
