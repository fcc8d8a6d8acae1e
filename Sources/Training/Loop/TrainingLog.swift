import Foundation

/// Sums of steps between two lines of the log.
struct StepMeter {
  private var sums: [String: Float] = [:]
  private var count = 0
  private var last: StepReport?
  private let began = Date()
  /// Seconds spent waiting for data.
  var waited = 0.0

  mutating func add(_ report: StepReport) {
    for (name, value) in report.losses { sums[name, default: 0] += value }
    count += 1
    last = report
  }

  struct Line {
    var step: Int
    var imagesPerSecond: Double
    /// The share of time that training waited for data.
    var waiting: Double
    var rate: Double
    var norm: Double
    var losses: [String: Float]
    var text: String {
      let total = losses["loss"] ?? .nan
      return "step \(step): loss \(String(format: "%.3f", total)), "
        + String(format: "%.1f images/s, waiting %.0f %%", imagesPerSecond, waiting * 100)
    }
  }

  func line(images: Int) -> Line {
    let seconds = max(Date().timeIntervalSince(began), 1e-6)
    return Line(
      step: last?.step ?? 0, imagesPerSecond: Double(count * images) / seconds,
      waiting: waited / seconds, rate: last?.rate ?? 0, norm: last?.norm ?? .nan,
      losses: sums.mapValues { $0 / Float(max(count, 1)) })
  }
}

/// Losses and validation scores as CSV, and their curves as SVG.
struct TrainingLog {
  private let losses: URL
  private let scores: URL
  private let plotFile: URL

  /// The losses that are logged, in the order of the columns.
  private let names: [String]

  init(directory: URL, stage: Int) throws {
    try self.init(directory: directory, name: "stage\(stage)", losses: ["loss"] + Objective.parts)
  }

  init(directory: URL, name: String, losses names: [String]) throws {
    self.names = names
    losses = directory.appendingPathComponent("\(name)-losses.csv")
    scores = directory.appendingPathComponent("\(name)-val.csv")
    plotFile = directory.appendingPathComponent("\(name).svg")
    try Self.begin(
      losses, "step,images_per_second,waiting,rate,norm," + names.joined(separator: ","))
    try Self.begin(scores, "step,data_set,category,n,binary_dsc,semantic_dsc")
  }

  private static func begin(_ file: URL, _ header: String) throws {
    guard !FileManager.default.fileExists(atPath: file.path) else { return }
    try Data("\(header)\n".utf8).write(to: file)
  }

  private static func append(_ text: String, to file: URL) throws {
    let handle = try FileHandle(forWritingTo: file)
    defer { try? handle.close() }
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
  }

  func add(_ line: StepMeter.Line) throws {
    let values = names.map { "\(line.losses[$0] ?? .nan)" }
    try Self.append(
      "\(line.step),\(line.imagesPerSecond),\(line.waiting),\(line.rate),\(line.norm),"
        + values.joined(separator: ",") + "\n", to: losses)
  }

  func add(_ pairs: [PairScore], step: Int) throws {
    let rows = pairs.map {
      "\(step),\($0.dataSet),\($0.category),\($0.n),\($0.binary),\($0.semantic)\n"
    }
    try Self.append(rows.joined(), to: scores)
  }

  static func summary(_ pairs: [PairScore]) -> String {
    let n = Float(max(pairs.count, 1))
    let binary = pairs.reduce(0) { $0 + $1.binary } / n
    let semantic = pairs.reduce(0) { $0 + $1.semantic } / n
    return String(
      format: "validation over %d pairs: DSC of M_b %.3f, of M_s %.3f", pairs.count, binary,
      semantic)
  }

  /// Draws the loss and the mean validation scores over the steps.
  func plot() throws {
    func rows(_ file: URL) throws -> [[String]] {
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
    let loss = try rows(losses).compactMap { row -> (Double, Double)? in
      guard row.count > 5, let x = Double(row[0]), let y = Double(row[5]) else { return nil }
      return (x, y)
    }
    var means: [Double: (Double, Double, Double)] = [:]
    for row in try rows(scores) where row.count == 6 {
      guard let x = Double(row[0]), let b = Double(row[4]), let s = Double(row[5]) else { continue }
      let old = means[x] ?? (0, 0, 0)
      means[x] = (old.0 + b, old.1 + s, old.2 + 1)
    }
    let steps = means.keys.sorted()
    let chart = LineChart(
      panels: [
        LineChart.Panel(title: "loss", lines: ["loss": loss]),
        LineChart.Panel(
          title: "validation, mean DSC over pairs of data set and category",
          lines: [
            "M_b": steps.map { ($0, means[$0]!.0 / means[$0]!.2) },
            "M_s": steps.map { ($0, means[$0]!.1 / means[$0]!.2) },
          ]),
      ])
    try Data(chart.svg().utf8).write(to: plotFile, options: .atomic)
  }
}
