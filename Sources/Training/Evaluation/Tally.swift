import Imaging
import SegSAM

/// What one image's answer to one query was worth; nil where nothing was asked.
struct QueryScore: Sendable {
  var binary: Overlap?
  var surface: SurfaceDistance?
  var semanticDice: Double?
  var presence: Double?
  /// Where the engine gives it.
  var evidence: PresenceEvidence?
  var hasMask: Bool { (binary?.first ?? 0) > 0 }
  /// DSC after each click.
  var rounds: [Double] = []
}

/// What was measured for one pair of data set and category, image by image.
struct Tally: Sendable {
  /// An image that shows the category.
  struct Shown: Sendable {
    var patient: String
    var binaryDice: Double?, binaryIoU: Double?, semanticDice: Double?
    var surfaceDice: Double?, hausdorff95: Double?
    var rounds: [Double]
    var place: CasePlace?
    var presence: Double?
  }

  let dataSet: String, category: String, modality: String
  private(set) var shown: [Shown] = []
  private(set) var positives: [Double] = [], negatives: [Double] = []
  /// Of the same images, where the engine gave it.
  private(set) var evidenceThere: [PresenceEvidence] = [], evidenceAbsent: [PresenceEvidence] = []
  private(set) var falseMasks = 0
  private(set) var volumeDices: [Double] = []
  private var patients: Set<String> = []

  init(dataSet: String, category: String, modality: String) {
    self.dataSet = dataSet
    self.category = category
    self.modality = modality
  }

  /// - Parameters:
  ///   - pixels: how many the truth shows.
  ///   - tolerance: of the surface, in its spacing's unit.
  ///   - place: where the image stands, to be found again as an example.
  mutating func add(
    _ score: QueryScore, pixels: Int, patient: String, tolerance: Double, place: CasePlace? = nil
  ) {
    patients.insert(patient)
    if pixels >= Evaluation.leastPixels, score.binary != nil || score.semanticDice != nil {
      shown.append(
        Shown(
          patient: patient, binaryDice: score.binary?.dice, binaryIoU: score.binary?.iou,
          semanticDice: score.semanticDice,
          surfaceDice: score.surface?.normalised(tolerance: tolerance),
          hausdorff95: score.surface?.hausdorff95, rounds: score.rounds,
          place: place, presence: score.presence))
    }
    guard let presence = score.presence else { return }
    // A trace under the limit is neither.
    if pixels >= Evaluation.leastPixels {
      positives.append(presence)
      evidenceThere += score.evidence.map { [$0] } ?? []
    } else if pixels == 0 {
      negatives.append(presence)
      evidenceAbsent += score.evidence.map { [$0] } ?? []
      if score.hasMask { falseMasks += 1 }
    }
  }

  mutating func add(volumeDice: Double) { volumeDices.append(volumeDice) }

  /// Mean DSC after 1, 2, … clicks.
  var rounds: [Double] {
    let count = shown.map(\.rounds.count).min() ?? 0
    return (0..<count).compactMap { round in shown.map { $0.rounds[round] }.mean }
  }

  var measure: PairMeasure {
    let distances = shown.compactMap(\.hausdorff95)
    return PairMeasure(
      dataSet: dataSet, category: category, modality: modality, n: shown.count,
      patients: patients.count, binaryDice: shown.compactMap(\.binaryDice).mean,
      semanticDice: shown.compactMap(\.semanticDice).mean,
      binaryIoU: shown.compactMap(\.binaryIoU).mean,
      surfaceDice: shown.compactMap(\.surfaceDice).mean, hausdorff95: distances.mean,
      hausdorffCount: distances.count, volumeDice: volumeDices.mean, volumes: volumeDices.count,
      auroc: Ranking.auroc(positives: positives, negatives: negatives),
      positives: positives.count, negatives: negatives.count, falseMasks: falseMasks,
      calibrationError: positives.count + negatives.count < 10
        ? nil : Calibration.error(positives: positives, negatives: negatives),
      examples: ExampleCase.choose(shown))
  }
}
