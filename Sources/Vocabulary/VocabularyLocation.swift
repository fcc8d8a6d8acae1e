public import Foundation

/// Where the data folders `vocab/` and `prompts/` are.
public struct VocabularyLocation: Sendable, Hashable {
  /// The folder of the category files.
  public let vocabulary: URL
  /// The folder of the descriptions.
  public let prompts: URL

  public init(vocabulary: URL, prompts: URL) {
    self.vocabulary = vocabulary
    self.prompts = prompts
  }

  /// The data below one folder, if it holds `vocab/` and `prompts/`.
  public init?(home: URL) {
    vocabulary = home.appendingPathComponent("vocab", isDirectory: true)
    prompts = home.appendingPathComponent("prompts", isDirectory: true)
    guard [vocabulary, prompts].allSatisfy(\.isDirectory) else { return nil }
  }

  /// Looks in `SEGSAM_HOME`; else from the executable upward; else from the current folder upward.
  ///
  /// On the way up a folder `share/segsam` counts too, so that an installed binary finds its data.
  /// - Throws: ``VocabularyError/Code/notFound``. A `SEGSAM_HOME` without data is an error, not
  ///   passed over: who sets it means it.
  public static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executable: URL? = Bundle.main.executableURL,
    currentDirectory: URL = URL(
      fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)
  ) throws(VocabularyError) -> VocabularyLocation {
    if let home = environment["SEGSAM_HOME"], !home.isEmpty {
      if let found = VocabularyLocation(home: URL(fileURLWithPath: home, isDirectory: true)) {
        return found
      }
      throw VocabularyError(
        .notFound, "SEGSAM_HOME is \(home), which does not hold vocab/ and prompts/")
    }
    let starts = [
      executable?.resolvingSymlinksInPath().deletingLastPathComponent(), currentDirectory,
    ]
    for start in starts.compactMap({ $0 }) {
      if let found = upward(from: start) { return found }
    }
    throw VocabularyError(
      .notFound,
      "no folder with vocab/ and prompts/ above the program or the current folder; "
        + "set SEGSAM_HOME to the one that holds them")
  }

  private static func upward(from start: URL) -> VocabularyLocation? {
    var folder = start.standardizedFileURL
    while true {
      for candidate in [folder, folder.appendingPathComponent("share/segsam", isDirectory: true)] {
        if let found = VocabularyLocation(home: candidate) { return found }
      }
      let above = folder.deletingLastPathComponent().standardizedFileURL
      if above.path == folder.path || folder.path == "/" { return nil }
      folder = above
    }
  }
}

extension URL {
  var isDirectory: Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }
}
