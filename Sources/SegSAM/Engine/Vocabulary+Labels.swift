package import Vocabulary

extension Vocabulary {
  /// What the labels of M_s stand for: concrete categories in the order of first mention (protocol:
  /// `labels`).
  package func labels(of queries: [Query]) -> [String] {
    var labels: [String] = []
    for query in queries {
      guard case .category(let id) = query.subject else { continue }
      for part in parts(of: id) where !labels.contains(part) { labels.append(part) }
    }
    return labels
  }
}
