import Vocabulary

extension Corpus {
  /// The categories, of those given, that only other kinds of machine show: no data set of this one's
  /// modality draws them, nor does the vocabulary name it for them.
  func foreignCategories(
    to set: DataSet, among categories: [String], vocabulary: Vocabulary
  ) -> [String] {
    let peers = dataSets.filter { $0.modality == set.modality }
    let shown = Set(peers.flatMap { $0.labels.values }.flatMap { vocabulary.parts(of: $0) })
    return categories.filter {
      !shown.contains($0) && !(vocabulary[$0]?.modalities.contains(set.modality) ?? true)
    }
  }
}
