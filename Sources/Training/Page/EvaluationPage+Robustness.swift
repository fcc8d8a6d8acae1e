import Reporting

extension EvaluationPage {
  /// Other words for the same, sides, and what cannot be there.
  var robustness: String {
    guard let made = report.robustness else { return "" }
    return section(
      "In other words",
      """
      \(words(made))
      <p class="meta">Means over the pairs that can be asked for so, beside the same pairs asked by \
      the usual name. Names: how many the vocabulary understands as the category meant, as another, \
      and not at all; DSC is over those that it understands.</p>
      \(sides(made))
      \(foreign(made))
      \(pairs(made))
      """)
  }

  private func words(_ made: RobustnessReport) -> String {
    var table = HTMLTable(
      titles: [
        "asked by", "pairs", "DSC M_b", "by the usual name", "names", "as meant", "as another",
        "not at all",
      ], firstNumber: 1)
    table.rows = made.rows.map { row in
      let names = row.names.map { ["\($0.asked)", "\($0.same)", "\($0.other)", "\($0.none)"] }
      return [row.wording.title, "\(row.pairs)", row.dice.shown(3), row.usualDice.shown(3)]
        + (names ?? ["", "", "", ""])
    }
    return table.html
  }

  private func sides(_ made: RobustnessReport) -> String {
    guard made.sides.asked > 0 else { return "" }
    var table = HTMLTable(
      titles: [
        "queries for one side, both being drawn", "asked", "on it", "on the other", "on neither",
        "share of the mask on it", "on the other",
      ], firstNumber: 1)
    table.rows = [
      ("usual description", made.sides), ("left and right exchanged", made.swappedSides),
    ].filter { $0.1.asked > 0 }.map { name, sides in
      [
        name, "\(sides.asked)", "\(sides.own)", "\(sides.other)", "\(sides.neither)",
        sides.ownShare.shown(3), sides.otherShare.shown(3),
      ]
    }
    return table.html
  }

  private func foreign(_ made: RobustnessReport) -> String {
    guard let rate = made.foreignMaskRate else { return "" }
    var table = HTMLTable(
      titles: ["asked for what only other machines show", "modality", "asked", "got a mask"],
      firstNumber: 2)
    table.rows = made.foreign.map { [$0.dataSet, $0.modality, "\($0.asked)", "\($0.masks)"] }
    table.sum = ["share", "", "", rate.shown(3)]
    return table.html
  }

  private func pairs(_ made: RobustnessReport) -> String {
    let wordings = made.rows.filter { $0.pairs > 0 }.map(\.wording)
    var table = HTMLTable(
      titles: ["data set", "category", "n"] + wordings.map(\.title), firstNumber: 2)
    table.rows = made.pairs.map { pair in
      [pair.dataSet, pair.category, "\(pair.n)"]
        + wordings.map { pair.dice[$0.rawValue].shown(3) }
    }
    return table.html
  }
}
