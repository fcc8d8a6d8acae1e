import ArgumentParser
import Foundation
import SegSAM
import Training
import Vocabulary

/// `segsam label`.
struct LabelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Adds to a corpus what a model is sure of and nobody looked for, to train on.",
    discussion: """
      Writes the data sets anew, with links to their images: cases of the train split get the masks
      that the model draws with enough presence and score of categories that are unknown there, under
      what is drawn already; those of val and test stay as they are. --only and --without say what may
      be added: what is there already stays.

        segsam label --corpus ../shared/corpus -o runs/own --presence 0.95 --score 0.85
        segsam train --corpus runs/own -o runs/next --start segsam-base --stage 192:16:32:500:0.0003
      """)

  @Option(help: ArgumentHelp("The folder of the data sets.", valueName: "dir"))
  var corpus: String

  @Option(name: [.short, .long], help: ArgumentHelp("The new corpus's folder.", valueName: "dir"))
  var output: String

  @Option(help: ArgumentHelp("The least presence.", valueName: "p"))
  var presence = 0.9

  @Option(help: ArgumentHelp("The least predicted IoU.", valueName: "iou"))
  var score = 0.8

  @Flag(help: "Print what was added as JSON.")
  var json = false

  @OptionGroup(title: "Data") var data: ChoiceOptions

  @OptionGroup var model: ModelOptions

  func validate() throws {
    guard (0...1).contains(presence), (0...1).contains(score) else {
      throw ValidationError("--presence and --score lie from 0 to 1.")
    }
  }

  func run() async throws {
    let (corpus, model, choice, folder) = (corpus, model, data.choice, output)
    let loaded = try await Blocking.run {
      let vocabulary = try Vocabulary.load(at: VocabularyLocation.find())
      let data = try Corpus(
        directory: URL(fileURLWithPath: corpus, isDirectory: true), vocabulary: vocabulary
      ).chosen(CorpusChoice(limit: choice.limit))
      let bundle = try ModelBundle.load(directory: ModelBundle.find(name: model.model))
      let engine = try model.engine(of: bundle, vocabulary: vocabulary, options: model.running)
      return (corpus: data, engine: engine, vocabulary: vocabulary)
    }
    let progress = Progress("labelling", unit: "cases")
    let (presence, score) = (presence, score)
    let report = try await Task(executorPreference: WorkThread.shared) {
      var labels = OwnLabels(loaded.corpus, vocabulary: loaded.vocabulary)
      (labels.presence, labels.score) = (presence, score)
      labels.choice = choice
      labels.progress = { progress.advance($0, of: $1) }
      return try await labels.write(
        to: URL(fileURLWithPath: folder, isDirectory: true), engine: loaded.engine)
    }.value
    progress.end()
    if json { return try Console.print(json: report) }
    var table = Table([.init("category"), .init("added in cases", .right)])
    for (category, count) in report.cases.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      table.add([category, "\(count)"])
    }
    table.print()
    Console.print("\n\(report.looked) cases were looked at; the corpus is in \(folder)")
  }
}
