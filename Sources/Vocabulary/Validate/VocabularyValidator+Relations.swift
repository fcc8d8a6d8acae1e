extension VocabularyValidator {
  /// Dangling references and cycles in `parent`, `inside` and `parts`.
  static func relationFindings(in files: VocabularyFiles) -> [Finding] {
    let known = Set(files.categories.map(\.value.id)).union(files.brokenEntries)
    let relations: [(String, @Sendable (Category) -> [String])] = [
      ("parent", { [$0.parent].compactMap { $0 } }),
      ("inside", { [$0.inside].compactMap { $0 } }),
      ("parts", { $0.parts }),
    ]
    return relations.flatMap { name, targets in
      dangling(in: files, name, known, targets) + cycles(in: files, name, targets)
    } + files.categories.compactMap(repeatedParts)
  }

  private static func dangling(
    in files: VocabularyFiles, _ name: String, _ known: Set<String>,
    _ targets: (Category) -> [String]
  ) -> [Finding] {
    files.categories.flatMap { located in
      targets(located.value).filter { !known.contains($0) }.map {
        Finding(
          .dangling, file: located.file, entry: located.value.id,
          "\(name) names \"\($0)\", which no file defines")
      }
    }
  }

  private static func repeatedParts(_ located: VocabularyFiles.Located<Category>) -> Finding? {
    let parts = located.value.parts
    guard Set(parts).count < parts.count || parts.count == 1 else { return nil }
    return Finding(
      .badEntry, file: located.file, entry: located.value.id,
      "parts must name at least two different ids")
  }

  /// Entries that reach themselves. Each is told: any of them may be the one to mend.
  private static func cycles(
    in files: VocabularyFiles, _ name: String, _ targets: (Category) -> [String]
  ) -> [Finding] {
    let edges = Dictionary(
      files.categories.map { ($0.value.id, targets($0.value)) },
      uniquingKeysWith: { first, _ in first })
    return files.categories.filter { located in
      var seen: Set<String> = []
      var pending = edges[located.value.id] ?? []
      while let next = pending.popLast() {
        if next == located.value.id { return true }
        if seen.insert(next).inserted { pending += edges[next] ?? [] }
      }
      return false
    }.map {
      Finding(.cycle, file: $0.file, entry: $0.value.id, "\(name) leads back to the entry itself")
    }
  }
}
