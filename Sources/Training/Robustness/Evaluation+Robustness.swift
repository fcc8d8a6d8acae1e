import Imaging
public import SegSAM
import Vocabulary

extension Evaluation {
  /// Categories of other kinds of machine that an image is asked for.
  static let foreignQueries = 3

  /// Asks for what each image shows in other words, and for what it cannot show.
  ///
  /// A name that the vocabulary understands as the category gets the answer of the usual name: the
  /// network never sees names that people type, so it is asked once. A name understood as another
  /// category is asked as that.
  public func robustness(_ engine: any SegmentationEngine) async throws -> RobustnessReport {
    var tally = RobustnessTally()
    var options = self.options
    options.wantsSemanticMask = false
    let trained = engine.trainedCategories.sorted()
    var foreign: [String: [String]] = [:]
    var known: [String: [Phrasing]] = [:]
    try await eachCase { each in
      let strangers =
        foreign[each.set.name]
        ?? corpus.foreignCategories(to: each.set, among: trained, vocabulary: vocabulary)
      foreign[each.set.name] = strangers
      for k in each.slices(stride: stride) {
        guard let slice = each.slice(k) else { continue }
        let shown = slice.truths.indices.filter { slice.truths[$0].count >= Self.leastPixels }
        guard !shown.isEmpty else { continue }
        let phrasings = shown.map { n -> [Phrasing] in
          let category = slice.categories[n]
          let key = "\(category) \(each.set.modality)"
          let made =
            known[key]
            ?? Phrasing.all(
              of: category, modality: each.set.modality, vocabulary: vocabulary,
              paraphrases: paraphrases[category] ?? [])
          if known.updateValue(made, forKey: key) == nil { tally.note(made, of: category) }
          return made
        }
        let drawn = draw(from: strangers, for: slice.key).map { Query(.category($0)) }
        var taken: Set<Query> = []
        let asked = (phrasings.joined().compactMap(\.query) + drawn)
          .filter { taken.insert($0).inserted }
        let result = try await engine.segment(
          slice.image, imageKey: slice.key, queries: asked,
          options: options, progress: nil)
        let masks = Dictionary(
          uniqueKeysWithValues: zip(asked, result.queries).compactMap { query, answer in
            answer.mask.map { (query, $0) }
          })
        for (n, phrasings) in zip(shown, phrasings) {
          try measure(n, of: slice, phrasings: phrasings, masks: masks, into: &tally)
        }
        tally.addForeign(
          drawn.map { (masks[$0]?.count ?? 0) > 0 }, dataSet: each.set.name,
          modality: each.set.modality)
      }
    }
    return tally.report
  }

  private func measure(
    _ n: Int, of slice: EvaluationSlice, phrasings: [Phrasing], masks: [Query: BinaryMask],
    into tally: inout RobustnessTally
  ) throws {
    let truth = slice.truths[n]
    var dices: [Query: Double] = [:]
    for query in Set(phrasings.compactMap(\.query)) {
      dices[query] = try masks[query].map { try Overlap($0, truth).dice }
    }
    for wording in Wording.allCases {
      tally.add(
        phrasings.filter { $0.wording == wording }.compactMap { $0.query.flatMap { dices[$0] } },
        dataSet: slice.set.name, category: slice.categories[n], wording: wording)
    }
    guard let other = vocabulary.otherSide(of: n, shownIn: slice) else { return }
    for each in phrasings {
      guard let mask = each.query.flatMap({ masks[$0] }) else { continue }
      switch each.wording {
      case .usual: try tally.sides.add(mask, own: truth, other: slice.truths[other])
      case .swappedSides: try tally.swappedSides.add(mask, own: truth, other: slice.truths[other])
      default: break
      }
    }
  }

  /// A few by lot, the same for the same image in every run.
  private func draw(from categories: [String], for key: String) -> [String] {
    var (left, random) = (categories, SeededRandom(for: "foreign \(key)"))
    return (0..<min(Self.foreignQueries, left.count)).map { _ in
      left.remove(at: random.below(left.count))
    }
  }
}
