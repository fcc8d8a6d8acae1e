public import Foundation

/// Has a language model write the description of a category: `segsam describe`.
///
/// The model's answer is data to be checked: its form, its words, and that no sentence of it stands
/// in another description. What passes should still be read by a person.
public struct DescriptionWriter: Sendable {
  public let location: VocabularyLocation
  public let endpoint: ChatEndpoint
  /// The template's name, a file in `prompts/templates`.
  public let template: String
  /// How often the model is asked; after the first time with what was wrong.
  public let attempts: Int

  public init(
    location: VocabularyLocation, endpoint: ChatEndpoint, template: String = "aspects-v1",
    attempts: Int = 3
  ) {
    self.location = location
    self.endpoint = endpoint
    self.template = template
    self.attempts = max(1, attempts)
  }

  /// Writes `prompts/<id>.json`.
  ///
  /// - Parameters:
  ///   - id: a category that stands in `vocab/`.
  ///   - force: whether a description that is there is replaced. It stays if the model fails.
  ///   - date: for the file; today in UTC by default.
  /// - Returns: the file.
  /// - Throws: ``DescribeError``.
  @discardableResult
  public func describe(
    _ id: String, force: Bool = false, date: Date = Date()
  ) async throws(DescribeError) -> URL {
    var files: VocabularyFiles
    do {
      files = try VocabularyFiles.read(
        directory: location.vocabulary, promptsDirectory: location.prompts)
    } catch {
      throw DescribeError(.files, error.message)
    }
    guard let category = files.categories.first(where: { $0.value.id == id })?.value else {
      throw DescribeError(
        .unknownCategory, "no sound entry of vocab/ has the id \"\(id)\"; add it first")
    }
    let url = location.prompts.appendingPathComponent("\(id).json")
    if !force, FileManager.default.fileExists(atPath: url.path) {
      throw DescriptionFile.exists(url)
    }
    // What people might ask by stays true of the category.
    let phrasings = files.descriptions.first { $0.value.category == id }?.value.phrasings ?? []
    files.descriptions.removeAll { $0.value.category == id }
    let day = date.formatted(.iso8601.year().month().day().dateSeparator(.dash))
    var description = try await ask(category, date: day, others: files)
    description.phrasings = phrasings
    try DescriptionFile.write(description, to: url, force: force)
    return url
  }

  private func ask(
    _ category: Category, date: String, others: VocabularyFiles
  ) async throws(DescribeError) -> Description {
    let template = try DescriptionTemplate.load(template, from: location.prompts)
    let (system, user) = try template.messages(for: category)
    var messages = [
      ChatMessage(role: "system", content: system), ChatMessage(role: "user", content: user),
    ]
    var last = DescribeError(.badAnswer, "the model was not asked")
    for _ in 0..<attempts {
      let text = try await endpoint.complete(messages)
      do throws(DescribeError) {
        let description = try DescriptionAnswer.description(
          from: text, of: category, template: template.name, date: date)
        try checkSentences(of: description, among: others)
        return description
      } catch {
        last = error
        let faults = error.faults.map { "- \($0)" }.joined(separator: "\n")
        messages += [
          ChatMessage(role: "assistant", content: text),
          ChatMessage(
            role: "user",
            content: "This is wrong:\n\(faults)\nAnswer again, with the whole JSON object."),
        ]
      }
    }
    throw last
  }

  private func checkSentences(
    of description: Description, among others: VocabularyFiles
  ) throws(DescribeError) {
    var files = others
    let file = "prompts/\(description.category).json"
    files.descriptions.append(.init(file: file, value: description))
    let shared = VocabularyValidator.sentenceFindings(in: files).filter { $0.file == file }
    guard shared.isEmpty else {
      throw DescribeError(
        .badAnswer, "the model's description of \(description.category) repeats another's",
        faults: shared.map(\.message))
    }
  }
}
