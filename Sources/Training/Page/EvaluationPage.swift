import Foundation
import Reporting

/// An evaluation as one page that holds everything: it fetches nothing and runs nothing.
public struct EvaluationPage {
  public var report: EvaluationReport
  public var pictures: ExamplePictures

  public init(_ report: EvaluationReport, pictures: ExamplePictures = ExamplePictures()) {
    self.report = report
    self.pictures = pictures
  }

  public var html: String {
    let parts = [
      headline, section("DSC of M_b, by pair", intervals), groups, reliability, clicks, robustness,
      measures,
      examples,
    ]
    return page(
      title: "\(report.model) \(report.version) on \(report.split)", style: Self.style,
      body: parts.filter { !$0.isEmpty }.joined(separator: "\n"))
  }

  func section(_ title: String, _ body: String) -> String {
    body.isEmpty ? "" : "<h2>\(escaped(title))</h2>\n\(body)"
  }

  /// What was asked, and the means.
  private var headline: String {
    var table = HTMLTable(titles: ["mean over pairs", "", "95 %"], firstNumber: 1)
    let (binary, semantic) = (report.binaryInterval, report.semanticInterval)
    table.rows = [
      ["DSC of M_b", report.meanBinaryDice.shown(3), binary.shown(3)],
      ["DSC of M_s", report.meanSemanticDice.shown(3), semantic.shown(3)],
      ["intersection over union of M_b", report.meanBinaryIoU.shown(3), ""],
      [
        "normalised surface distance at \(report.surfaceTolerance.shown(0)) mm",
        report.meanSurfaceDice.shown(3), "",
      ],
      ["DSC of whole volumes", report.meanVolumeDice.shown(3), ""],
      [
        "AUROC of presence (\(report.pairsWithAUROC) pairs with 5 images of each kind)",
        report.meanAUROC.shown(3), "",
      ],
      ["expected calibration error of presence", report.calibrationError.shown(3), ""],
      [
        "share of images without it that got a mask", report.falseMaskRate.shown(3), "",
      ],
      [
        "share of queries for one of two sides, both being there, whose mask is on it",
        report.sides.rate.shown(3), "",
      ],
    ].filter { $0[1] != "–" }
    let n = report.pairs.reduce(0) { $0 + $1.n }
    return """
      <p class="meta">\(escaped(report.setting)); \(report.pairs.count) pairs of data set and \
      category, \(n) objects of at least \(report.leastPixels) pixels. Intervals: bootstrap \
      over patients.</p>
      <p class="notice">\(escaped(StudyReport.notice))</p>
      \(table.html)
      """
  }

  private var intervals: String {
    let rows = report.pairs.filter { $0.binaryDice != nil }.map {
      IntervalPlot.Row(
        label: "\($0.category) · \($0.dataSet.prefix(26))", value: $0.binaryDice,
        interval: $0.binaryInterval)
    }
    guard !rows.isEmpty else { return "" }
    return """
      <div class="wide">\(IntervalPlot(rows: rows).svg(label: "DSC by pair"))</div>
      <p class="meta">Dots are means over images, lines their 95 % intervals; a pair of one patient \
      has none.</p>
      """
  }

  private var groups: String {
    [
      ("data set", report.byDataSet), ("modality", report.byModality),
      ("category", report.byCategory),
    ].map { name, groups in
      var table = HTMLTable(
        titles: [name, "pairs", "n", "DSC M_b", "DSC M_s", "NSD"], firstNumber: 1)
      table.rows = groups.map {
        [
          $0.name, "\($0.pairs)", "\($0.n)", $0.binaryDice.shown(3), $0.semanticDice.shown(3),
          $0.surfaceDice.shown(3),
        ]
      }
      return section("By \(name)", table.html)
    }.joined(separator: "\n")
  }

  /// All of it, a row a pair.
  private var measures: String {
    var table = HTMLTable(
      titles: [
        "data set", "category", "modality", "patients", "n", "DSC M_b", "95 %", "DSC M_s", "95 %",
        "IoU", "NSD", "HD95", "DSC volume", "AUROC", "false", "ECE",
      ], firstNumber: 3)
    table.rows = report.pairs.map { p in
      [
        p.dataSet, p.category, p.modality, "\(p.patients)", "\(p.n)", p.binaryDice.shown(3),
        p.binaryInterval.shown(2), p.semanticDice.shown(3), p.semanticInterval.shown(2),
        p.binaryIoU.shown(3), p.surfaceDice.shown(3), p.hausdorff95.shown(1),
        p.volumeDice.shown(3), p.auroc.shown(3),
        p.negatives == 0 ? "–" : "\(p.falseMasks)/\(p.negatives)", p.calibrationError.shown(3),
      ]
    }
    return section("Every pair", table.html)
  }
}

extension EvaluationReport {
  /// What was asked of which model, in one line.
  public var setting: String {
    var parts = ["\(model) \(version)", "split \(split)", "prompts \(prompts)"]
    if let mode { parts.append("mode \(mode)") }
    if isOracle { parts.append("oracle") }
    if jitter > 0 { parts.append("boxes off by up to \(jitter) pixels") }
    if stride > 1 { parts.append("one slice in \(stride) of volumes") }
    return parts.joined(separator: ", ")
  }
}
