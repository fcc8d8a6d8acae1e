/// A family of series under one name, as a scrape sees it.
protocol Metric: Sendable {
  var declaration: MetricDeclaration { get }
  func write(to exposition: inout Exposition)
}

/// What a metric says of itself: `# HELP`, `# TYPE` and the names of its labels.
struct MetricDeclaration: Sendable, Hashable {
  enum Kind: String, Sendable, Hashable { case counter, gauge, histogram }

  let name: String
  let help: String
  let kind: Kind
  let labels: [String]

  /// Declarations come from source code only, so a wrong one stops the program at its start.
  init(_ name: String, _ help: String, _ kind: Kind, labels: [String]) {
    precondition(Self.isName(name, colons: true), "no metric name: \(name)")
    precondition(labels.count <= 2, "\(name): at most two labels")
    precondition(Set(labels).count == labels.count, "\(name): a label twice")
    for label in labels {
      precondition(
        Self.isName(label, colons: false) && !label.hasPrefix("__")
          && !(kind == .histogram && label == "le"), "\(name): no label name: \(label)")
    }
    (self.name, self.help, self.kind, self.labels) = (name, help, kind, labels)
  }

  private static func isName(_ text: String, colons: Bool) -> Bool {
    func isStart(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "_"): true
      case UInt8(ascii: ":"): colons
      default: false
      }
    }
    guard let first = text.utf8.first, isStart(first) else { return false }
    return text.utf8.allSatisfy {
      isStart($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
  }
}
