import Vocabulary

/// What becomes of a data set's labels when its images are mirrored, left for right.
struct Sides: Sendable {
  /// Whether they may be mirrored at all: where mirrored anatomy still looks like anatomy.
  var mirrors: Bool
  /// Of each target: the one of the other side, or itself.
  var targets: [Int]
  /// Mask value → the value of the other side.
  private var values: [UInt8]

  /// Images without a patient's sides, and those of head and neck, where what is not paired lies in the
  /// middle. A liver is never moved to the left.
  init(of set: Corpus.DataSet, targets labels: [TargetLabel], vocabulary: Vocabulary) {
    values = (0...255).map { UInt8($0) }
    targets = Array(labels.indices)
    mirrors = ["ES", "GM", "OP", "OPT", "US"].contains(set.modality)
    guard !mirrors else { return }
    for (index, label) in labels.enumerated() {
      guard let category = vocabulary[label.category] else { return }
      switch category.laterality {
      case .left, .right:
        guard let other = vocabulary.otherSide(of: category),
          let there = labels.firstIndex(where: { $0.category == other.id }),
          let from = label.own.first, let to = labels[there].own.first
        else { return }
        targets[index] = there
        values[Int(from)] = to
      case .unpaired, .bilateral:
        guard Self.middle.contains(category.region) || Self.middle.contains(category.id) else {
          return
        }
      }
    }
    mirrors = true
  }

  /// Regions and categories that lie in the middle, more or less.
  private static let middle: Set = ["head", "neck", "esophagus", "trachea", "spinal_cord"]

  /// Gives each pixel the label of the other side.
  func exchange(_ labels: inout [UInt8]) {
    for i in labels.indices { labels[i] = values[Int(labels[i])] }
  }
}
