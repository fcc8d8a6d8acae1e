/// A topic of the stream (protocol: The stream).
public enum Topic: Sendable, Hashable {
  case result(study: String, category: String)
  case report(study: String)
  /// `request` is the server's id of the request.
  case progress(request: String)
  case heartbeat

  /// Whether a name may stand between the dots: `[A-Za-z0-9_-]{1,64}`.
  public static func isValidName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Frame 0: `result.<study>.<category>`; nil where a name is not valid.
  public var text: String? {
    let names: [String]
    switch self {
    case .result(let study, let category): names = ["result", study, category]
    case .report(let study): names = ["report", study]
    case .progress(let request): names = ["progress", request]
    case .heartbeat: names = ["heartbeat"]
    }
    return names.allSatisfy(Self.isValidName) ? names.joined(separator: ".") : nil
  }

  /// Reads frame 0; nil where it is no topic of this protocol.
  public init?(_ text: String) {
    let names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard names.allSatisfy(Self.isValidName) else { return nil }
    switch (names.first, names.count) {
    case ("result", 3): self = .result(study: names[1], category: names[2])
    case ("report", 2): self = .report(study: names[1])
    case ("progress", 2): self = .progress(request: names[1])
    case ("heartbeat", 1): self = .heartbeat
    default: return nil
    }
  }

  /// What to subscribe to for all results of a study: with the dot, as topics match as prefixes.
  public static func resultsPrefix(study: String) -> String { "result.\(study)." }
}
