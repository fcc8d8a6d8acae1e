import Training

/// What `segsam evaluate` prints.
extension EvaluateCommand {
  func show(_ report: EvaluationReport) {
    var table = Table([
      .init("data set"), .init("category"), .init("modality"), .init("n", .right),
      .init("DSC M_b", .right), .init("95 %", .right), .init("DSC M_s", .right),
      .init("NSD", .right), .init("HD95", .right), .init("AUROC", .right), .init("false", .right),
    ])
    for pair in report.pairs {
      table.add([
        pair.dataSet, pair.category, pair.modality, "\(pair.n)", pair.binaryDice.text(3),
        Self.text(pair.binaryInterval), pair.semanticDice.text(3), pair.surfaceDice.text(3),
        pair.hausdorff95.text(1), pair.auroc.text(3),
        pair.negatives == 0 ? "–" : "\(pair.falseMasks)/\(pair.negatives)",
      ])
    }
    table.add([
      "mean", "\(report.pairs.count) pairs", "", "\(report.pairs.reduce(0) { $0 + $1.n })",
      report.meanBinaryDice.text(3), Self.text(report.binaryInterval),
      report.meanSemanticDice.text(3), report.meanSurfaceDice.text(3), "",
      report.meanAUROC.text(3), report.falseMaskRate.map { "\(($0 * 100).text(1)) %" } ?? "–",
    ])
    table.print()
    let shuffled = shuffleDescriptions == nil ? "" : ", descriptions shuffled"
    // Boxes and clicks ask for nothing that is not there: presence then says nothing.
    let presence = report.calibrationError.map {
      "; AUROC's mean over \(report.pairsWithAUROC) pairs with 5 images of each kind; "
        + "expected calibration error of presence \($0.text(3))"
    }
    Console.print(
      "\n\(report.setting)\(shuffled), \(report.seconds.text(0)) s" + (presence ?? ""))
    if report.clickDice.count > 1 {
      let rounds = report.clickDice.enumerated().map { "\($0 + 1): \($1.text(3))" }
      Console.print("mean DSC of M_b by clicks: \(rounds.joined(separator: ", "))")
    }
    show(report.sides)
    if let robustness = report.robustness { show(robustness) }
  }

  private func show(_ sides: SideMeasure, asked how: String = "") {
    guard sides.asked > 0 else { return }
    Console.print(
      "of \(sides.asked) queries for one of two sides\(how): \(sides.own) masks on that side, "
        + "\(sides.other) on the other, \(sides.neither) on neither; "
        + "\(sides.otherShare.text(3)) of a mask lies on the other side")
  }

  private static func text(_ interval: Interval?) -> String {
    interval.map { "\($0.low.text(2))–\($0.high.text(2))" } ?? "–"
  }

  private func show(_ report: RobustnessReport) {
    var table = Table([
      .init("asked by"), .init("pairs", .right), .init("DSC M_b", .right),
      .init("usual name", .right), .init("names", .right), .init("as meant", .right),
      .init("as another", .right), .init("not at all", .right),
    ])
    for row in report.rows {
      let names = row.names.map { [$0.asked, $0.same, $0.other, $0.none].map(String.init) } ?? []
      table.add(
        [row.wording.title, "\(row.pairs)", row.dice.text(3), row.usualDice.text(3)] + names)
    }
    Console.print("")
    table.print()
    show(report.sides, asked: ", slice by slice")
    show(report.swappedSides, asked: ", left and right exchanged in its description")
    if let rate = report.foreignMaskRate {
      let asked = report.foreign.reduce(0) { $0 + $1.asked }
      Console.print(
        "of \(asked) queries for what only other machines show \((rate * 100).text(1)) % got a mask"
      )
    }
  }
}
