import Foundation

/// An SVG plot whose values run from 0 to 1 upwards, in the colours of the page around it.
struct UnitPlot {
  /// The inner rectangle, in pixels.
  var left = 44.0, top = 14.0, width = 320.0, height = 260.0
  /// Of the horizontal axis.
  var range = 0.0...1.0
  /// Where the horizontal axis is labelled, and how.
  var ticks: [(at: Double, text: String)] = []
  var across = "", up = ""
  private(set) var body = ""

  init(width: Double = 320, height: Double = 260) {
    self.width = width
    self.height = height
  }

  func x(_ value: Double) -> String { number(left + share(value) * width) }
  func y(_ value: Double) -> String { number(top + (1 - value) * height) }

  private func share(_ value: Double) -> Double {
    (value - range.lowerBound) / max(range.upperBound - range.lowerBound, 1e-9)
  }

  mutating func line(_ points: [(Double, Double)], style: String) {
    let path = points.map { "\(x($0.0)),\(y($0.1))" }.joined(separator: " ")
    body += "<polyline class=\"\(style)\" points=\"\(path)\"/>"
  }

  mutating func dot(_ at: (Double, Double), radius: Double = 4, title: String) {
    body +=
      "<circle class=\"dot\" cx=\"\(x(at.0))\" cy=\"\(y(at.1))\" r=\"\(number(radius))\">"
      + "<title>\(title)</title></circle>"
  }

  /// - Parameter label: for those who cannot see it.
  func svg(label: String) -> String {
    var out = ""
    for step in 0...4 {
      let value = Double(step) / 4
      out +=
        "<line class=\"grid\" x1=\"\(x(range.lowerBound))\" x2=\"\(x(range.upperBound))\" "
        + "y1=\"\(y(value))\" y2=\"\(y(value))\"/><text x=\"\(number(left - 6))\" "
        + "y=\"\(y(value))\" dy=\"4\" text-anchor=\"end\">\(value)</text>"
    }
    let base = number(top + height + 17)
    for tick in ticks {
      out += "<text x=\"\(x(tick.at))\" y=\"\(base)\" text-anchor=\"middle\">\(tick.text)</text>"
    }
    let middle = number(left + width / 2)
    out +=
      "<text x=\"\(middle)\" y=\"\(number(top + height + 34))\" text-anchor=\"middle\">"
      + "\(across)</text><text transform=\"translate(11 \(number(top + height / 2))) "
      + "rotate(-90)\" text-anchor=\"middle\">\(up)</text>"
    let (w, h) = (number(left + width + 16), number(top + height + 42))
    return "<svg role=\"img\" aria-label=\"\(label)\" width=\"\(w)\" height=\"\(h)\" "
      + "viewBox=\"0 0 \(w) \(h)\">\(out)\(body)</svg>"
  }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
