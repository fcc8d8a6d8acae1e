extension VocabularyValidator {
  /// Categories without a description, descriptions without a category, and texts that are missing
  /// for the modality that a category is first of all segmented in.
  static func descriptionFindings(in files: VocabularyFiles) -> [Finding] {
    let described = Dictionary(
      files.descriptions.map { ($0.value.category, $0) }, uniquingKeysWith: { first, _ in first })
    let known = Set(files.categories.map(\.value.id)).union(files.brokenEntries)
    let missing: [Finding] = files.categories.compactMap { located in
      let category = located.value
      guard let description = described[category.id] else {
        // A file that is there but broken has its own finding.
        return files.brokenEntries.contains("prompts/\(category.id)")
          ? nil
          : Finding(
            .missingDescription, file: located.file, entry: category.id,
            "prompts/\(category.id).json is missing; write it, or run segsam describe")
      }
      guard let first = category.modalities.first, description.value.appearance[first] == nil
      else { return nil }
      return Finding(
        .missingAppearance, file: description.file, entry: category.id,
        "aspects.appearance.\(first) is missing, the first of the category's modalities")
    }
    let strays = files.descriptions.filter { !known.contains($0.value.category) }.map {
      Finding(
        .unknownCategory, file: $0.file, entry: $0.value.category,
        "describes a category that no file of vocab/ defines")
    }
    return missing + strays
  }
}
