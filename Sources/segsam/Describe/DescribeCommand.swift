import ArgumentParser
import Foundation
import JSONC
import Vocabulary

/// `segsam describe`.
struct DescribeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Has a language model describe a category, and writes prompts/<id>.json.",
    discussion: """
      The endpoint is any that speaks OpenAI's chat completions. Its key is taken from
      SEGSAM_DESCRIBE_KEY or OPENAI_API_KEY. The answer is checked before it is written.

        segsam describe left_adrenal_gland --endpoint http://127.0.0.1:8080/v1 --model qwen3
      """)

  @Argument(help: "The category's id; its entry must stand in vocab/ already.")
  var id: String

  @Option(help: ArgumentHelp("The address of the endpoint.", valueName: "url"))
  var endpoint: String

  @Option(help: ArgumentHelp("The language model's name there.", valueName: "name"))
  var model: String

  @Option(help: ArgumentHelp("Which template of prompts/templates to use.", valueName: "name"))
  var template = "aspects-v1"

  @Option(help: ArgumentHelp("How often a wrong answer is sent back.", valueName: "n"))
  var attempts = 3

  @Option(help: ArgumentHelp("How long one answer may take.", valueName: "seconds"))
  var timeout = 120.0

  @Flag(help: "Overwrite a description that is there.")
  var force = false

  @Flag(help: "Print the file's path as JSON.")
  var json = false

  func validate() throws {
    guard (1...20).contains(attempts) else { throw ValidationError("--attempts is 1 to 20.") }
    guard timeout > 0, timeout <= 1e5 else {
      throw ValidationError("--timeout is a positive number of seconds.")
    }
  }

  func run() async throws {
    let endpoint = try ChatEndpoint(
      address: endpoint, model: model, key: ChatEndpoint.key(), timeout: .seconds(timeout))
    let writer = DescriptionWriter(
      location: try VocabularyLocation.find(), endpoint: endpoint, template: template,
      attempts: attempts)
    let url = try await writer.describe(id, force: force)
    if json {
      try Console.print(json: ["category": .string(id), "file": .string(url.path)])
    } else {
      Console.print("written: \(url.path)")
    }
  }
}
