import func Foundation.log1p

/// What the network says, in one slice, of whether something is there, before `PresenceScaling` weighs it.
public struct PresenceEvidence: Sendable, Hashable {
  /// Logits of the query's own head and of the CO-token's in C_s; of what is no trained category the
  /// query's head alone speaks.
  public var own: Double, token: Double?
  /// E-folds of the mask's area, in pixels of the decoder, and one.
  public var area: Double
  /// The highest of the mask's logits, within ±12.
  public var peak: Double
  /// E-folds of the area, and one, that may be the object's.
  public var vague: Double

  /// Over it a pixel may be the object's.
  private static let vagueLogit: Float = -2

  public init(own: Double, token: Double? = nil, area: Double, peak: Double, vague: Double) {
    self.own = own
    self.token = token
    self.area = area
    self.peak = peak
    self.vague = vague
  }

  init(_ decoded: DecodedQuery, classLogit: Float?) {
    let agreed = decoded.agreed
    self.init(
      own: Double(decoded.presence), token: classLogit.map { Double($0) },
      area: log1p(Double(decoded.mask.count { $0 > 0 })),
      peak: Double(min(max(agreed.max() ?? 0, -12), 12)),
      vague: log1p(Double(agreed.count { $0 > Self.vagueLogit })))
  }
}
