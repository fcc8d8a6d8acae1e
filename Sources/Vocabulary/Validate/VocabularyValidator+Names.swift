extension VocabularyValidator {
  /// A name in any form that means two categories: then a query would be a matter of chance.
  static func sharedNames(in files: VocabularyFiles) -> [Finding] {
    var findings: [Finding] = []
    var owners: [String: (id: String, name: String)] = [:]
    for located in files.categories {
      let category = located.value
      var own: Set<String> = []
      for (language, name) in namesByLanguage(of: category) {
        let folded = FoldedText(name)
        if folded.key.isEmpty {
          findings.append(
            Finding(
              .badEntry, file: located.file, entry: category.id,
              "\(language) name \"\(name)\" has no letters"))
        }
        // Once a category and form: the display name stands in `names.en` again.
        guard own.insert(folded.canonical).inserted else { continue }
        if let other = owners[folded.canonical], other.id != category.id {
          findings.append(
            Finding(
              .sharedName, file: located.file, entry: category.id,
              "\(language) name \"\(name)\" is claimed by \(other.id) too (\"\(other.name)\")"))
        } else {
          owners[folded.canonical] = (category.id, name)
        }
      }
    }
    return findings
  }

  private static func namesByLanguage(of category: Category) -> [(String, String)] {
    let own = [("id", category.id), ("display", category.name)]
    let others = category.names.sorted { $0.key < $1.key }.flatMap { language, names in
      names.map { (language, $0) }
    }
    let code = category.codes["TotalSegmentator"].map { [("TotalSegmentator", $0)] } ?? []
    return own + others + code
  }

  /// A code that two categories claim.
  static func sharedCodes(in files: VocabularyFiles) -> [Finding] {
    var owners: [String: String] = [:]
    return files.categories.flatMap { located in
      located.value.codes.sorted { $0.key < $1.key }.compactMap { scheme, code in
        let key = NameIndex.codeKey(scheme: scheme, code: code)
        guard let other = owners.updateValue(located.value.id, forKey: key),
          other != located.value.id
        else { return nil }
        return Finding(
          .sharedCode, file: located.file, entry: located.value.id,
          "code \(scheme):\(code) is claimed by \(other) too")
      }
    }
  }
}
