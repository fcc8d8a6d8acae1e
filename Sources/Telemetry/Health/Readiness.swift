/// What `/readyz` answers.
public enum Readiness: String, Sendable, Hashable, CaseIterable {
  /// Models are being loaded: 503.
  case starting
  /// Requests are taken: 200.
  case ready
  /// What waits is finished, nothing new is taken: 503.
  case draining
}
