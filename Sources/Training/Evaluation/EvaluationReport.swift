public import SegSAM

/// The middle 95 of 100 bootstrap means, patients drawn with replacement.
public struct Interval: Sendable, Codable, Hashable {
  public var low: Double, high: Double
  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }
}

/// What was measured for one pair of data set and category. Means are over the n images; nil without
/// any.
public struct PairMeasure: Sendable, Codable, Hashable {
  public var dataSet: String, category: String, modality: String
  /// Images (in volumes: axial slices) that show at least 10 pixels.
  public var n: Int
  public var patients: Int
  /// DSC of M_b and of M_s (nil where that was not asked for), and intersection over union of M_b.
  public var binaryDice: Double?, semanticDice: Double?, binaryIoU: Double?
  public var binaryInterval: Interval?, semanticInterval: Interval?
  /// Normalised surface distance of M_b at the report's tolerance.
  public var surfaceDice: Double?
  /// 95 % Hausdorff distance of M_b, in millimetres (in pictures: pixels), over the
  /// `hausdorffCount` images with a mask: an empty mask has none.
  public var hausdorff95: Double?
  public var hausdorffCount: Int
  /// DSC of M_b over whole volumes, one value a case that shows the category; with every slice
  /// evaluated only.
  public var volumeDice: Double?
  public var volumes: Int
  /// Of presence; nil without images of both kinds.
  public var auroc: Double?
  /// Images that show it, and images where it was looked for and is not drawn.
  public var positives: Int, negatives: Int
  /// How many of the negatives got a mask.
  public var falseMasks: Int
  /// Expected calibration error of presence, in ten bins; nil with fewer than ten images.
  public var calibrationError: Double?
  /// The best, the median and the worst image.
  public var examples: [ExampleCase]
}

/// Means over the pairs of one data set, modality or category.
public struct GroupMeasure: Sendable, Codable, Hashable {
  public var name: String
  public var pairs: Int, n: Int
  public var binaryDice: Double?, semanticDice: Double?, surfaceDice: Double?
}

/// The whole evaluation.
public struct EvaluationReport: Sendable, Codable {
  public var model: String, version: String, split: String, prompts: String
  /// Where boxes and clicks were set; nil: of the whole object.
  public var mode: String?
  /// Whether the nearest of all candidates was measured, not the model's own choice.
  public var isOracle = false
  /// By how many pixels the sides of a box were off at most.
  public var jitter = 0
  /// Of the objects: the least number of pixels, and whether only those of one piece were asked for.
  public var leastPixels = Evaluation.leastPixels
  public var isSingle = false
  /// Every n-th slice of a volume.
  public var stride: Int
  public var pairs: [PairMeasure]
  /// Means over the pairs that have a value.
  public var meanBinaryDice: Double?, meanSemanticDice: Double?, meanBinaryIoU: Double?
  public var meanSurfaceDice: Double?, meanVolumeDice: Double?
  public var binaryInterval: Interval?, semanticInterval: Interval?
  /// Of `surfaceDice`, in millimetres; in pictures without a size, pixels.
  public var surfaceTolerance: Double
  /// Mean DSC over pairs after 1, 2, … clicks; empty for other prompts.
  public var clickDice: [Double]
  /// Over pairs with at least five positives and five negatives.
  public var meanAUROC: Double?
  public var pairsWithAUROC: Int
  /// The share of queries for something absent that got a mask.
  public var falseMaskRate: Double?
  /// Of queries by text for one of two sides that are both there.
  public var sides = SideMeasure()
  /// Over all queries; nil where nothing was asked for that was not there, as with boxes and clicks.
  public var calibrationError: Double?
  /// Of presence over all queries, ten bins of equal width; empty likewise.
  public var reliability: [ReliabilityBin]
  public var byDataSet: [GroupMeasure], byModality: [GroupMeasure], byCategory: [GroupMeasure]
  public var seconds: Double
  /// What becomes of the answers when the same is asked in other words; where that was measured.
  public var robustness: RobustnessReport?
  /// How what the network says is best weighed into presence, from slices and pictures asked alone; nil
  /// where those were few. Takes the place of the model's own.
  public var fittedEvidence: PresenceScaling?
  /// The scaling of presence that fits best, on top of the model's own.
  public var fittedScaling: PresenceScaling?
  /// Presence, so scaled, under which each category is best called absent, where there was enough to
  /// fit it.
  public var fittedThresholds: [String: Double]

  init(
    tallies: [Tally], model: String, version: String, split: String, prompts: String, stride: Int,
    tolerance: Double, seconds: Double
  ) {
    let sorted = tallies.sorted { ($0.dataSet, $0.category) < ($1.dataSet, $1.category) }
    let bootstrap = Bootstrap(sorted)
    let pairs = zip(sorted, bootstrap.pairs).map { tally, intervals in
      var measure = tally.measure
      (measure.binaryInterval, measure.semanticInterval) = (intervals.binary, intervals.semantic)
      return measure
    }
    self.pairs = pairs
    (self.model, self.version, self.split, self.prompts) = (model, version, split, prompts)
    (self.stride, self.seconds, surfaceTolerance) = (stride, seconds, tolerance)
    meanBinaryDice = pairs.compactMap(\.binaryDice).mean
    meanSemanticDice = pairs.compactMap(\.semanticDice).mean
    meanBinaryIoU = pairs.compactMap(\.binaryIoU).mean
    meanSurfaceDice = pairs.compactMap(\.surfaceDice).mean
    meanVolumeDice = pairs.compactMap(\.volumeDice).mean
    (binaryInterval, semanticInterval) = (bootstrap.all.binary, bootstrap.all.semantic)
    let rounds = sorted.map(\.rounds).filter { !$0.isEmpty }
    clickDice = (0..<(rounds.map(\.count).max() ?? 0)).compactMap { round in
      rounds.compactMap { $0.count > round ? $0[round] : nil }.mean
    }
    let ranked = pairs.filter { $0.positives >= 5 && $0.negatives >= 5 }.compactMap(\.auroc)
    meanAUROC = ranked.mean
    pairsWithAUROC = ranked.count
    let absent = pairs.reduce(0) { $0 + $1.negatives }
    falseMaskRate =
      absent == 0 ? nil : Double(pairs.reduce(0) { $0 + $1.falseMasks }) / Double(absent)
    let (positives, negatives) = (sorted.flatMap(\.positives), sorted.flatMap(\.negatives))
    calibrationError =
      negatives.isEmpty ? nil : Calibration.error(positives: positives, negatives: negatives)
    reliability =
      negatives.isEmpty
      ? [] : Calibration.reliability(positives: positives, negatives: negatives)
    fittedEvidence =
      prompts == EvaluationPrompt.text.rawValue ? EvidenceFit(sorted)?.scaling : nil
    fittedScaling = Calibration.fit(positives: positives, negatives: negatives)
    byDataSet = Self.groups(pairs, \.dataSet)
    byModality = Self.groups(pairs, \.modality)
    byCategory = Self.groups(pairs, \.category)
    fittedThresholds = PresenceCalibration.thresholds(sorted, scaling: fittedScaling)
  }

  private static func groups(
    _ pairs: [PairMeasure], _ name: (PairMeasure) -> String
  ) -> [GroupMeasure] {
    Dictionary(grouping: pairs, by: name).map { name, members in
      GroupMeasure(
        name: name, pairs: members.count, n: members.reduce(0) { $0 + $1.n },
        binaryDice: members.compactMap(\.binaryDice).mean,
        semanticDice: members.compactMap(\.semanticDice).mean,
        surfaceDice: members.compactMap(\.surfaceDice).mean)
    }.sorted { $0.name < $1.name }
  }
}

extension [Double] {
  /// Nil without any.
  var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
