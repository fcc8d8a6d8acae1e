/// The samples of a scrape, by name and labels as they are written.
struct Samples {
  private var values: [Substring: Double] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " ") else { continue }
      values[line[..<space]] = Double(line[line.index(after: space)...])
    }
  }

  subscript(series: String) -> Double? { values[series[...]] }
}
