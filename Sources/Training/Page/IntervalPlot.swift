import Foundation
import Reporting

/// Values from 0 to 1 with their intervals, a row each, as an SVG in the colours of the page.
struct IntervalPlot {
  struct Row {
    var label: String
    var value: Double?
    var interval: Interval?
  }
  var rows: [Row]

  private static let (left, width, step) = (330.0, 480.0, 18.0)

  func svg(label: String) -> String {
    let height = Double(rows.count) * Self.step + 26
    var out = ""
    for tick in 0...4 {
      let value = Double(tick) / 4
      let x = Self.x(value)
      out += """
        <line class="grid" x1="\(x)" x2="\(x)" y1="18" y2="\(height)"/>\
        <text x="\(x)" y="12" text-anchor="middle">\(value)</text>
        """
    }
    for (n, row) in rows.enumerated() {
      let y = 30 + Double(n) * Self.step
      out += """

        <text x="\(Self.left - 10)" y="\(y + 4)" text-anchor="end">\(escaped(row.label))</text>
        """
      if let interval = row.interval {
        out += """
          <line class="interval" x1="\(Self.x(interval.low))" x2="\(Self.x(interval.high))" \
          y1="\(y)" y2="\(y)"/>
          """
      }
      if let value = row.value {
        out += """
          <circle class="dot" cx="\(Self.x(value))" cy="\(y)" r="4">\
          <title>\(value.shown(3))</title></circle>
          """
      }
    }
    return """
      <svg role="img" aria-label="\(escaped(label))" width="\(Self.left + Self.width + 20)" \
      height="\(height)">\(out)</svg>
      """
  }

  private static func x(_ value: Double) -> String { (left + value * width).shown(1) }
}

extension Double {
  /// With a fixed number of digits; "–" where it is not finite.
  func shown(_ digits: Int) -> String {
    isFinite ? String(format: "%.\(digits)f", self) : "–"
  }
}

extension Double? {
  func shown(_ digits: Int) -> String { self?.shown(digits) ?? "–" }
}

extension Interval? {
  func shown(_ digits: Int) -> String {
    map { "\($0.low.shown(digits))–\($0.high.shown(digits))" } ?? "–"
  }
}
