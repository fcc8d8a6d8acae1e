import ArgumentParser
import Foundation
import Training

enum SplitArgument: String, CaseIterable, ExpressibleByArgument, Sendable {
  case train, val, test
  var split: Split {
    switch self {
    case .train: .train
    case .val: .val
    case .test: .test
    }
  }
}

enum PromptKind: String, CaseIterable, ExpressibleByArgument, Sendable {
  case text, box
  case textAndBox = "text+box"
  case points
  var prompt: EvaluationPrompt {
    switch self {
    case .text: .text
    case .box: .box
    case .textAndBox: .textAndBox
    case .points: .points
    }
  }
}

/// The files that an evaluation is written to.
struct EvaluationFiles: ParsableArguments {
  @Option(help: ArgumentHelp("Write the measures to this file.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a line a pair to this file.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Write one page with plots, tables and pictures to this file; pictures only of data sets "
        + "whose licence_class is open.", valueName: "file"))
  var html: String?

  /// Before hours of work: is there a folder for each?
  func check() throws {
    for path in [json, csv, html].compactMap({ $0 }) {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      guard FileManager.default.isWritableFile(atPath: folder) else {
        throw Failure(.badInput, "\(path) cannot be written: make the folder \(folder) first")
      }
    }
  }

  func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Failure(.internalFault, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}
