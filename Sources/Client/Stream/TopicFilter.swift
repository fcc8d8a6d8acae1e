public import BusProtocol

/// What of the stream is wanted.
public enum TopicFilter: Sendable, Hashable {
  case all
  /// Results of a study, of all categories.
  case results(study: String)
  case report(study: String)
  /// `request` is the server's id of a request: `ReplyHeader.request`.
  case progress(request: String)
  case heartbeat

  /// What libzmq is told. It matches as a prefix, so `report.a` gets `report.ab` too.
  var prefix: String {
    switch self {
    case .all: ""
    case .results(let study): Topic.resultsPrefix(study: study)
    case .report(let study): "report.\(study)"
    case .progress(let request): "progress.\(request)"
    case .heartbeat: "heartbeat"
    }
  }

  /// Whether exactly this topic is meant.
  public func matches(_ topic: Topic) -> Bool {
    switch (self, topic) {
    case (.all, _), (.heartbeat, .heartbeat): true
    case (.results(let wanted), .result(let study, _)): wanted == study
    case (.report(let wanted), .report(let study)): wanted == study
    case (.progress(let wanted), .progress(let request)): wanted == request
    default: false
    }
  }
}
