import Foundation

/// What the data folders hold, each thing with its file, and what could not be read.
struct VocabularyFiles: Sendable {
  /// A value and the file that it was read from.
  struct Located<Value: Sendable>: Sendable {
    let file: String
    let value: Value
  }

  /// Far more than a hand-written file has; keeps a wrong path from filling the memory.
  static let largestFile = 16 << 20

  var categories: [Located<Category>] = []
  var descriptions: [Located<Description>] = []
  /// Ids of entries that could not be read: references to them are not dangling.
  var brokenEntries: Set<String> = []
  var findings: [Finding] = []

  static func read(
    directory: URL, promptsDirectory: URL
  ) throws(VocabularyError) -> VocabularyFiles {
    var files = VocabularyFiles()
    for url in try files.list(directory, folder: "vocab", mayHold: []) {
      files.readCategories(url, file: "vocab/\(url.lastPathComponent)")
    }
    for url in try files.list(
      promptsDirectory, folder: "prompts", mayHold: ["templates", "schema"])
    {
      files.readDescription(url, file: "prompts/\(url.lastPathComponent)")
    }
    return files
  }

  /// The JSON files of a folder by name; anything else that is not hidden or a README is stray.
  private mutating func list(
    _ directory: URL, folder: String, mayHold folders: Set<String>
  ) throws(VocabularyError) -> [URL] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    } catch {
      throw VocabularyError(
        .unreadable, "the folder \(directory.path) cannot be listed; is it there and readable?")
    }
    var urls: [URL] = []
    for name in names.sorted() where !name.hasPrefix(".") && name != "README.md" {
      let url = directory.appendingPathComponent(name)
      if url.isDirectory ? folders.contains(name) : name.hasSuffix(".json") {
        if !url.isDirectory { urls.append(url) }
      } else {
        findings.append(
          Finding(
            .strayFile, file: "\(folder)/\(name)",
            "is not a JSON file that belongs here; remove it"))
      }
    }
    return urls
  }

  private mutating func readCategories(_ url: URL, file: String) {
    guard let region: RegionRecord = decode(url, file: file) else { return }
    let stem = url.deletingPathExtension().lastPathComponent
    if region.region != stem {
      findings.append(
        Finding(.badEntry, file: file, "region must be \"\(stem)\", as the file is called"))
    }
    for (position, record) in region.categories.enumerated() {
      switch record.category(region: stem) {
      case .success(let category):
        categories.append(Located(file: file, value: category))
      case .failure(let faults):
        let entry = record.id ?? "categories[\(position)]"
        brokenEntries.insert(entry)
        findings += faults.messages.map { Finding(.badEntry, file: file, entry: entry, $0) }
      }
    }
  }

  private mutating func readDescription(_ url: URL, file: String) {
    guard let record: DescriptionRecord = decode(url, file: file) else { return }
    let stem = url.deletingPathExtension().lastPathComponent
    switch record.description(id: stem) {
    case .success(let description):
      descriptions.append(Located(file: file, value: description))
    case .failure(let faults):
      findings += faults.messages.map { Finding(.badDescription, file: file, entry: stem, $0) }
      brokenEntries.insert("prompts/\(stem)")
    }
  }

  private mutating func decode<Value: Decodable>(_ url: URL, file: String) -> Value? {
    do {
      return try JSONFile.decode(Value.self, at: url, limit: Self.largestFile)
    } catch {
      findings.append(Finding(.unreadableFile, file: file, error.message))
      return nil
    }
  }
}

/// What is wrong with one entry.
struct Faults: Error {
  var messages: [String] = []
}
