import ArgumentParser
import Foundation
import JSONC
import Training
import Vocabulary

/// `segsam corpus`.
struct CorpusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus",
    abstract: "Lists the data sets of a folder and finds what is wrong in them; status 65 if so.",
    discussion: """
      Opens every image and mask: missing files, masks on another grid, mask values that no label
      has, patients in two splits, left and right swapped. Takes every layout that train takes.

        segsam corpus ../shared/corpus
        segsam corpus nnUNet_raw --quick --json
      """)

  @Argument(help: ArgumentHelp("The folder of the data sets, or of one.", valueName: "dir"))
  var directory: String

  @Flag(help: "Look at what describes the data only, and open no image.")
  var quick = false

  @Flag(help: "Print as JSON.")
  var json = false

  func run() async throws {
    let (directory, quick) = (directory, quick)
    let progress = Progress("checking", unit: "cases")
    let report = try await Blocking.run {
      let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
      let corpus = try Corpus(
        directory: URL(fileURLWithPath: directory, isDirectory: true), vocabulary: vocabulary)
      var check = CorpusCheck(corpus, vocabulary: vocabulary)
      check.isDeep = !quick
      if !quick { check.progress = { progress.advance($0, of: $1) } }
      defer { progress.end() }
      return check.run()
    }
    if json {
      try Console.print(json: report)
    } else {
      show(report)
    }
    guard report.problems.isEmpty else {
      let count = report.problems.count
      throw Failure(.badInput, "\(directory) has \(count) problem\(count == 1 ? "" : "s")")
    }
  }

  private func show(_ report: CorpusReport) {
    var sets = Table([
      .init("data set"), .init("layout"), .init("modality"), .init("train", .right),
      .init("val", .right), .init("test", .right), .init("patients", .right),
      .init("categories", .right),
    ])
    for set in report.dataSets {
      sets.add(
        [set.name, set.layout.rawValue, set.modality]
          + ["train", "val", "test"].map { "\(set.cases[$0] ?? 0)" }
          + ["\(set.patients.values.reduce(0, +))", "\(set.categories.count)"])
    }
    sets.print()
    Console.print()
    var categories = Table([
      .init("data set"), .init("category"), .init("looked for", .right), .init("drawn", .right),
    ])
    for set in report.dataSets {
      for each in set.categories {
        categories.add([
          set.name, each.category, "\(each.annotated)", each.drawn.map(String.init) ?? "–",
        ])
      }
    }
    categories.print()
    for (title, notes) in [("left aside", report.remarks), ("problems", report.problems)]
    where !notes.isEmpty {
      Console.print("\n\(title):")
      for note in notes.prefix(Self.most) { Console.print("  \(note)") }
      if notes.count > Self.most {
        Console.print("  and \(notes.count - Self.most) more; --json lists all")
      }
    }
  }

  /// Lines of one kind.
  private static let most = 50
}
