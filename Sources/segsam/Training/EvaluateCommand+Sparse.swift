import JSONC
import SegSAM
import Training
import Vocabulary

extension EvaluateCommand {
  /// `--sparse n`: volumes filled from every n-th slice.
  func runSparse(
    _ every: Int, _ engine: any SegmentationEngine, corpus: Corpus, vocabulary: Vocabulary
  ) async throws {
    let progress = Progress("evaluating", unit: "volumes")
    let (split, strength) = (split.split, sparseStrength)
    let rows = try await Task(executorPreference: WorkThread.shared) {
      var evaluation = SparseEvaluation(corpus: corpus, split: split, vocabulary: vocabulary)
      evaluation.every = every
      evaluation.strength = strength
      evaluation.progress = { progress.advance($0, of: $1) }
      return try await evaluation.run(engine)
    }.value
    progress.end()
    if let json = files.json {
      try files.write(try JSONCEncoder().value(of: rows).pretty(), to: json)
    }
    var table = Table([
      .init("data set"), .init("category"), .init("volumes", .right), .init("filled", .right),
      .init("interpolated", .right), .init("filled, between", .right),
      .init("interpolated, between", .right),
    ])
    for row in rows {
      table.add([
        row.dataSet, row.category, "\(row.volumes)", row.filled.text(3), row.interpolated.text(3),
        row.filledBetween.text(3), row.interpolatedBetween.text(3),
      ])
    }
    table.print()
    guard !rows.isEmpty else { return Console.print("no volumes") }
    func mean(_ value: (SparseEvaluation.Row) -> Double) -> String {
      (rows.map(value).reduce(0, +) / Double(rows.count)).text(3)
    }
    Console.print(
      """

      one slice in \(every) annotated; means of 3-D DSC over \(rows.count) pairs: filled \
      \(mean(\.filled)), interpolated \(mean(\.interpolated)); the other slices alone: filled \
      \(mean(\.filledBetween)), interpolated \(mean(\.interpolatedBetween))
      """)
  }
}
