import ArgumentParser

/// `segsam`.
struct SegsamCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segsam",
    abstract: "Finds in medical images what a text names: \"pancreas\", \"左肾\", \"SCT:15776009\".",
    discussion: """
      For research. Not for diagnosis or treatment.

      Exit codes: 0 done, 64 bad usage, 65 bad input, 69 no server, 70 internal fault.
      Data (vocab/, prompts/, models/) are looked for in SEGSAM_HOME, else above the program, else
      above the current folder.
      """,
    version: "segsam \(Version.current), protocol segsam/1",
    subcommands: [
      ServeCommand.self, SegmentCommand.self, ReportCommand.self, WatchCommand.self,
      CategoriesCommand.self, DescribeCommand.self, CorpusCommand.self, TrainCommand.self,
      AblateCommand.self, EvaluateCommand.self, LabelCommand.self, ExportCommand.self,
      ImportCommand.self, PhantomCommand.self, DemoCommand.self, KeysCommand.self,
    ])
}

/// The program's own version; a model's stands in its manifest.
enum Version {
  static let current = "0.1.0"
}
