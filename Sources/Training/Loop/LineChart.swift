import Foundation

/// Curves over steps, as an SVG that stands alone.
struct LineChart {
  struct Panel {
    var title: String
    var lines: [String: [(Double, Double)]]
  }
  var panels: [Panel]
  private static let colours = ["#1f6fb4", "#d95f02", "#1b9e77", "#7570b3"]

  func svg(width: Double = 720, height: Double = 260) -> String {
    var body = ""
    for (n, panel) in panels.enumerated() {
      body += draw(panel, top: Double(n) * height, width: width, height: height)
    }
    let total = height * Double(panels.count)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(total)" \
      font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>\(body)</svg>

      """
  }

  private func draw(_ panel: Panel, top: Double, width: Double, height: Double) -> String {
    let points = panel.lines.values.flatMap { $0 }.filter { $0.0.isFinite && $0.1.isFinite }
    guard let left = points.map(\.0).min(), let right = points.map(\.0).max(),
      let most = points.map(\.1).max()
    else { return "" }
    let low = min(0, points.map(\.1).min() ?? 0)
    let (x0, x1, y0, y1) = (56.0, width - 90, top + height - 34, top + 30)
    func place(_ p: (Double, Double)) -> String {
      let x = x0 + (p.0 - left) / max(right - left, 1e-9) * (x1 - x0)
      let y = y0 + (p.1 - low) / max(most - low, 1e-9) * (y1 - y0)
      return String(format: "%.1f,%.1f", x, y)
    }
    var out = "<text x=\"\(x0)\" y=\"\(top + 18)\" font-weight=\"bold\">\(panel.title)</text>"
    for tick in 0...4 {
      let value = low + (most - low) * Double(tick) / 4
      let y = y0 + (y1 - y0) * Double(tick) / 4
      out += "<line x1=\"\(x0)\" x2=\"\(x1)\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#ddd\"/>"
      out +=
        "<text x=\"\(x0 - 6)\" y=\"\(y + 4)\" text-anchor=\"end\">"
        + String(format: "%.3g", value) + "</text>"
    }
    out += "<text x=\"\(x1)\" y=\"\(y0 + 18)\" text-anchor=\"end\">step \(Int(right))</text>"
    for (n, line) in panel.lines.sorted(by: { $0.key < $1.key }).enumerated() {
      let colour = Self.colours[n % Self.colours.count]
      let path = line.value.filter { $0.1.isFinite }.map(place).joined(separator: " ")
      out +=
        "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\"/>"
      out +=
        "<text x=\"\(x1 + 8)\" y=\"\(y1 + 16 * Double(n) + 8)\" fill=\"\(colour)\">\(line.key)</text>"
    }
    return out
  }
}
