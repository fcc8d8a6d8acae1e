import Reporting

extension EvaluationPage {
  /// Rules of this page alone.
  static let style = """
      :root { --mark: #1f6fb4; }
      @media (prefers-color-scheme: dark) { :root { --mark: #6db3f2; } }
      svg { max-width: none; display: block; }
      svg text { fill: var(--ink); font-size: 12px; }
      .grid { stroke: var(--line); }
      .ideal { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
      .curve { stroke: var(--mark); stroke-width: 2; fill: none; }
      .interval { stroke: var(--mark); stroke-width: 2; opacity: .55; }
      .dot { fill: var(--mark); }
      .wide table { font-size: .85rem; }
      .examples { display: flex; flex-wrap: wrap; gap: .75rem; margin: .5rem 0 1.5rem; }
      .examples figure { margin: 0; padding: .6rem; width: 12rem; }
      .examples figcaption { font-size: .75rem; overflow-wrap: anywhere; }
      h3 { font-size: .95rem; margin: 1.25rem 0 0; }
    """

  /// What presence said against what came true: on the diagonal it is to be trusted.
  var reliability: String {
    let filled = report.reliability.compactMap { bin -> (said: Double, true: Double, n: Int)? in
      guard let said = bin.said, let came = bin.cameTrue else { return nil }
      return (said, came, bin.count)
    }
    guard let most = filled.map(\.n).max() else { return "" }
    var plot = UnitPlot()
    plot.ticks = (0...4).map { (Double($0) / 4, "\(Double($0) / 4)") }
    (plot.across, plot.up) = ("presence that was said", "share that was there")
    plot.line([(0, 0), (1, 1)], style: "ideal")
    plot.line(filled.map { ($0.said, $0.true) }, style: "curve")
    for bin in filled {
      // As large as its bin is full.
      let radius = 2.5 + 5.5 * (Double(bin.n) / Double(most)).squareRoot()
      plot.dot(
        (bin.said, bin.true), radius: radius,
        title: "said \(bin.said.shown(2)), came true \(bin.true.shown(2)), \(bin.n) queries")
    }
    return section(
      "Presence",
      """
      \(plot.svg(label: "Reliability diagram of presence"))
      <p class="meta">Ten bins; dots are as large as their bins are full. Expected calibration \
      error \(report.calibrationError.shown(3)).</p>
      """)
  }

  /// What more clicks are worth.
  var clicks: String {
    let rounds = report.clickDice
    guard rounds.count > 1 else { return "" }
    var plot = UnitPlot()
    plot.range = 1...Double(rounds.count)
    plot.ticks = rounds.indices.map { (Double($0 + 1), "\($0 + 1)") }
    (plot.across, plot.up) = ("clicks", "mean DSC of M_b")
    plot.line(rounds.enumerated().map { (Double($0 + 1), $1) }, style: "curve")
    for (n, dice) in rounds.enumerated() {
      plot.dot((Double(n + 1), dice), title: "\(n + 1): \(dice.shown(3))")
    }
    return section("DSC against clicks", plot.svg(label: "Mean DSC against clicks"))
  }
}
