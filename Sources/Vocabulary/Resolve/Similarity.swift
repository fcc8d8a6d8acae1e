/// How alike two texts are.
enum Similarity {
  /// One minus the optimal string alignment distance (Damerau–Levenshtein without editing a
  /// substring twice) over the longer length: 1 for equal texts, 0 for nothing in common.
  ///
  /// Two letters in the wrong order cost 0.8 of an edit: it is the commonest slip of typing.
  /// - Parameter least: below this the answer may be 0, which saves the work.
  static func score(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar], least: Double) -> Double
  {
    let longest = max(first.count, second.count)
    guard longest > 0 else { return 1 }
    let bound = Double(longest) * (1 - least) * 10
    if Double(abs(first.count - second.count) * 10) > bound { return 0 }
    // Tenths of an edit.
    var beforePrevious: [Int] = []
    var previous = (0...second.count).map { $0 * 10 }
    for row in 0..<first.count {
      var current = [(row + 1) * 10]
      current.reserveCapacity(second.count + 1)
      for column in 0..<second.count {
        let substituted = previous[column] + (first[row] == second[column] ? 0 : 10)
        var cost = min(substituted, previous[column + 1] + 10, current[column] + 10)
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          cost = min(cost, beforePrevious[column - 1] + 8)
        }
        current.append(cost)
      }
      if let best = current.min(), Double(best) > bound { return 0 }
      (beforePrevious, previous) = (previous, current)
    }
    return 1 - Double(previous[second.count]) / Double(longest * 10)
  }
}
