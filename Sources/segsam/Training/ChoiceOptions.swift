import ArgumentParser
import Training

/// Which part of a corpus is used.
struct ChoiceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only these categories of the corpus, by id, with commas between.", valueName: "ids"))
  var only: CategoryIDs?

  @Option(
    help: ArgumentHelp(
      "All but these categories, which count as never drawn.", valueName: "ids"))
  var without: CategoryIDs?

  @Option(
    help: ArgumentHelp("Cases of each data set and split, at most, evenly.", valueName: "n"))
  var limit: Int?

  struct CategoryIDs: ExpressibleByArgument, Sendable {
    var ids: Set<String>
    init?(argument: String) {
      let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
      ids = Set(parts)
    }
  }

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
    if only != nil && without != nil {
      throw ValidationError("Give --only or --without, not both.")
    }
  }

  var choice: CorpusChoice {
    CorpusChoice(only: only?.ids, without: without?.ids ?? [], limit: limit)
  }
}
