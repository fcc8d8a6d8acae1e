/// The values of a metric's labels, in their order: up to two, so that looking one up allocates
/// nothing. Labels that a metric lacks are empty.
struct LabelValues: Hashable, Sendable, Comparable {
  var first = ""
  var second = ""

  /// A value longer than this, in bytes of UTF-8, counts as ``other``: values may come from outside.
  static let longest = 128

  /// Where everything past the bound of a metric is counted.
  static func other(_ labels: Int) -> LabelValues {
    LabelValues(first: labels > 0 ? "other" : "", second: labels > 1 ? "other" : "")
  }

  var isShort: Bool { first.utf8.count <= Self.longest && second.utf8.count <= Self.longest }

  /// By lengths and ends, which take a few nanoseconds: whole strings would take most of the time
  /// of counting. However many collide, no more are compared than a metric has room for.
  func hash(into hasher: inout Hasher) {
    func digest(_ value: String) -> Int {
      let bytes = value.utf8
      return bytes.count << 16 | Int(bytes.first ?? 0) << 8 | Int(bytes.last ?? 0)
    }
    hasher.combine(digest(first) &* 31 &+ digest(second))
  }

  static func < (left: LabelValues, right: LabelValues) -> Bool {
    (left.first, left.second) < (right.first, right.second)
  }
}
