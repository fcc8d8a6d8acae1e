public import Vocabulary

/// Goes through a corpus, case by case, and finds what is wrong in it.
public struct CorpusCheck {
  public var corpus: Corpus
  public var vocabulary: Vocabulary
  /// Whether images and masks are opened; else only what describes them is looked at.
  public var isDeep = true
  /// Told how far it is: cases done, cases in all.
  public var progress: (Int, Int) -> Void = { _, _ in }

  public init(_ corpus: Corpus, vocabulary: Vocabulary) {
    self.corpus = corpus
    self.vocabulary = vocabulary
  }

  public func run() -> CorpusReport {
    var report = CorpusReport(isDeep: isDeep)
    let total = corpus.dataSets.reduce(0) { $0 + $1.cases.count }
    var done = 0
    var names: Set<String> = []
    for set in corpus.dataSets {
      if !names.insert(set.name).inserted {
        report.problems.append(
          .init(place: set.name, reason: "two data sets have this name; rename one"))
      }
      report.problems += faults(of: set)
      report.remarks += set.remarks.map { .init(place: set.name, reason: $0) }
      var summary = CorpusReport.Summary(
        name: set.name, layout: set.layout, modality: set.modality)
      var patients: [String: Set<String>] = [:]
      var drawn: [String: Int] = [:]
      for each in set.cases {
        summary.cases[each.split.rawValue, default: 0] += 1
        patients[each.split.rawValue, default: []].insert(each.patient)
        if isDeep {
          let found = CaseCheck(each, of: set, vocabulary: vocabulary)
          report.problems += found.problems
          for category in found.drawn { drawn[category, default: 0] += 1 }
        } else {
          report.problems += CaseCheck.missing(each, of: set)
        }
        done += 1
        progress(done, total)
      }
      summary.patients = patients.mapValues(\.count)
      summary.categories = Set(set.labels.values).sorted().map { category in
        .init(
          category: category,
          annotated: set.cases.count { $0.annotated.contains(category) },
          drawn: isDeep ? drawn[category, default: 0] : nil)
      }
      report.dataSets.append(summary)
    }
    return report
  }

  /// What can be told without opening anything.
  private func faults(of set: Corpus.DataSet) -> [CorpusReport.Problem] {
    var reasons: [String] = []
    let unknown = Set(set.labels.values).filter { vocabulary[$0] == nil }.sorted()
    if !unknown.isEmpty {
      reasons.append("the vocabulary has no \(unknown.joined(separator: ", "))")
    }
    let large = set.labels.keys.filter { $0 > 255 }.sorted()
    if !large.isEmpty {
      reasons.append(
        "mask values over 255 are not trained: \(large.map(String.init).joined(separator: ", "))")
    }
    if set.cases.isEmpty { reasons.append("it has no case") }
    var splits: [String: Set<Split>] = [:]
    var uses: [String: Int] = [:]
    for each in set.cases {
      splits[each.patient, default: []].insert(each.split)
      uses[each.image, default: 0] += 1
    }
    for (patient, found) in splits.sorted(by: { $0.key < $1.key }) where found.count > 1 {
      let all = found.map(\.rawValue).sorted().joined(separator: " and ")
      reasons.append("patient \"\(patient)\" is in \(all): every number measured is worthless")
    }
    for (image, count) in uses.sorted(by: { $0.key < $1.key }) where count > 1 {
      reasons.append("\(image) stands in it \(count) times")
    }
    return reasons.map { .init(place: set.name, reason: $0) }
  }
}
