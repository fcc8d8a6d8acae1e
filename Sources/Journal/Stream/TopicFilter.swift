/// Prefixes of topics as a ZeroMQ subscriber gives them: bytes, without wildcards; the empty one is
/// all topics.
struct TopicFilter: Sendable {
  /// Sorted, and none begins with another: the only one that a topic can begin with is the last that
  /// does not sort after it. So a client's thousand prefixes cost ten comparisons a message.
  private var prefixes: [[UInt8]] = []

  init(_ topics: [String]) {
    for prefix in topics.map({ [UInt8]($0.utf8) }).sorted(by: { $0.lexicographicallyPrecedes($1) })
    {
      if let last = prefixes.last, prefix.starts(with: last) { continue }
      prefixes.append(prefix)
    }
  }

  func matches(_ topic: some Collection<UInt8>) -> Bool {
    var low = 0
    var high = prefixes.count
    while low < high {
      let middle = (low + high) / 2
      if topic.lexicographicallyPrecedes(prefixes[middle]) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    return low > 0 && topic.starts(with: prefixes[low - 1])
  }
}
