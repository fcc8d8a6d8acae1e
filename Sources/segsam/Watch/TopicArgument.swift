import ArgumentParser
import BusProtocol
import Client

/// `--topic result.study1`: what of the stream to show.
struct TopicArgument: ExpressibleByArgument, Sendable, Hashable {
  var filter: TopicFilter
  /// Of `result.<study>.<category>`: only this one.
  var category: String?

  init?(argument: String) {
    var names = argument.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    // With a trailing dot topics match as prefixes; here the whole name is meant anyway.
    if names.last == "" { names.removeLast() }
    guard names.allSatisfy(Topic.isValidName) else { return nil }
    switch (names.first, names.count) {
    case ("heartbeat", 1): filter = .heartbeat
    case ("result", 2): filter = .results(study: names[1])
    case ("result", 3):
      filter = .results(study: names[1])
      category = names[2]
    case ("report", 2): filter = .report(study: names[1])
    case ("progress", 2): filter = .progress(request: names[1])
    default: return nil
    }
  }

  func matches(_ topic: Topic) -> Bool {
    guard filter.matches(topic) else { return false }
    if let category, case .result(_, let found) = topic { return category == found }
    return true
  }
}
