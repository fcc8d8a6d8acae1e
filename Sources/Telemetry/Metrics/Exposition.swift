/// Text in Prometheus' exposition format 0.0.4, as it grows
/// (https://prometheus.io/docs/instrumenting/exposition_formats).
struct Exposition {
  private(set) var text = ""

  mutating func begin(_ declaration: MetricDeclaration) {
    text += "# HELP \(declaration.name) "
    append(declaration.help, escapingQuotes: false)
    text += "\n# TYPE \(declaration.name) \(declaration.kind.rawValue)\n"
  }

  mutating func sample(
    _ declaration: MetricDeclaration, _ values: LabelValues, _ value: some SampleValue
  ) {
    text += declaration.name
    labels(declaration.labels, values)
    text += " \(value.exposed)\n"
  }

  mutating func histogram(
    _ declaration: MetricDeclaration, _ values: LabelValues, bounds: [Double], counts: [Int],
    sum: Double
  ) {
    var total = 0
    for (bound, count) in zip(bounds + [.infinity], counts) {
      total += count
      text += "\(declaration.name)_bucket"
      labels(declaration.labels, values, bound: bound)
      text += " \(total)\n"
    }
    text += "\(declaration.name)_sum"
    labels(declaration.labels, values)
    text += " \(sum.exposed)\n\(declaration.name)_count"
    labels(declaration.labels, values)
    text += " \(total)\n"
  }

  private mutating func labels(_ names: [String], _ values: LabelValues, bound: Double? = nil) {
    guard !names.isEmpty || bound != nil else { return }
    text += "{"
    for (name, value) in zip(names, [values.first, values.second]) {
      text += "\(name)=\""
      append(value, escapingQuotes: true)
      text += "\","
    }
    if let bound { text += "le=\"\(bound.exposed)\"" } else { text.removeLast() }
    text += "}"
  }

  /// By Unicode scalars: Swift takes a carriage return with its line feed for one character.
  private mutating func append(_ value: String, escapingQuotes: Bool) {
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\"" where escapingQuotes: text += "\\\""
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}

protocol SampleValue {
  var exposed: String { get }
}

extension Int: SampleValue {
  var exposed: String { description }
}

extension Double: SampleValue {
  /// As Go's clients write it: no fraction where there is none, so `le` reads alike everywhere.
  var exposed: String {
    if isNaN { return "NaN" }
    if isInfinite { return self < 0 ? "-Inf" : "+Inf" }
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
