import SegSAM
import Vocabulary

/// One way to ask for a category in words.
struct Phrasing {
  var wording: Wording
  var text: String
  /// Nil where the vocabulary understands nothing.
  var query: Query?

  /// All ways that there are.
  ///
  /// - Parameters:
  ///   - modality: of the image, for the description; DICOM's term.
  ///   - paraphrases: what else it is called.
  static func all(
    of id: String, modality: String, vocabulary: Vocabulary, paraphrases: [String] = []
  ) -> [Phrasing] {
    guard let category = vocabulary[id] else { return [] }
    var made = [Phrasing(wording: .usual, text: category.name, query: Query(.category(id)))]
    func named(_ wording: Wording, _ texts: [String]) {
      for text in texts where text != category.name {
        let query = vocabulary.resolve(text).category.map { Query(.category($0)) }
        made.append(Phrasing(wording: wording, text: text, query: query))
      }
    }
    named(.synonym, category.names["en"] ?? [])
    named(.latin, category.names["la"] ?? [])
    named(.chinese, category.names["zh"] ?? [])
    var random = SeededRandom(for: "misspelling \(id)")
    named(
      .misspelling,
      Misspelling.allCases.compactMap { $0.made(in: category.name, random: &random) })
    for text in paraphrases {
      made.append(Phrasing(wording: .paraphrase, text: text, query: Query(.freeText(text))))
    }
    let sentences = vocabulary.aspectTexts(for: id, modality: modality)
    guard !sentences.isEmpty else { return made }
    if vocabulary.otherSide(of: category) != nil {
      let swapped = sentences.map(SideSwap.apply)
      made.append(
        Phrasing(
          wording: .swappedSides, text: category.name,
          query: Query(.category(id), sentences: swapped)))
    }
    let passage = sentences.dropFirst().joined(separator: " ")
    made.append(Phrasing(wording: .passage, text: passage, query: Query(.freeText(passage))))
    made.append(
      Phrasing(
        wording: .unnamed, text: passage, query: Query(.freeText(passage), sentences: sentences)))
    return made
  }
}
