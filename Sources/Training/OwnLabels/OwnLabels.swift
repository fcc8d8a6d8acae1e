public import Foundation
import Imaging
public import SegSAM
public import Vocabulary

/// The SAM study's loop (arXiv 2304.10517, on what the masks of a model are good for): what a model is
/// sure of in training images where nobody looked for it becomes a label there.
///
/// Writes the corpus anew, with links to its images: cases of `train` with what was added, the others
/// as they are. A data set of the result is read like any.
public struct OwnLabels {
  public var corpus: Corpus
  public var vocabulary: Vocabulary
  /// The least presence and predicted IoU, in [0, 1], of what is taken.
  public var presence = 0.9, score = 0.8
  /// The least number of pixels that are left once the true labels are laid over it.
  public var leastPixels = 50
  /// What may be added; its limit is not looked at.
  public var choice = CorpusChoice()
  /// Told how far it is: cases done, cases in all.
  public var progress: (Int, Int) -> Void = { _, _ in }

  /// What was added.
  public struct Report: Codable, Sendable, Hashable {
    /// Of each category: in how many cases.
    public var cases: [String: Int] = [:]
    /// Cases of `train` that were looked at.
    public var looked = 0
  }

  public init(_ corpus: Corpus, vocabulary: Vocabulary) {
    self.corpus = corpus
    self.vocabulary = vocabulary
  }

  /// - Parameter folder: where the data sets are written; made if it is not there.
  /// - Throws: `CorpusError` where a data set of the name is there already, or where a category is chosen
  ///   that the model does not know; file errors.
  public func write(
    to folder: URL, engine: any SegmentationEngine
  ) async throws -> Report {
    let chosen = choice.without.union(choice.only ?? [])
    if let stranger = chosen.subtracting(engine.trainedCategories).min() {
      throw CorpusError(
        stranger, "\(engine.model.name) was not trained on this category and cannot draw it")
    }
    var report = Report()
    let total = corpus.dataSets.reduce(0) { $0 + $1.cases.count }
    var done = 0
    for set in corpus.dataSets {
      let place = folder.appendingPathComponent(set.name)
      guard !FileManager.default.fileExists(atPath: place.path) else {
        throw CorpusError(place.path, "it is there already; name another folder")
      }
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      var labels = set.labels
      var entries: [[String: Any]] = []
      for (n, each) in set.cases.enumerated() {
        let file = CaseFiles(each, number: n, of: set)
        try FileManager.default.createSymbolicLink(
          at: place.appendingPathComponent(file.image),
          withDestinationURL: set.folder.appendingPathComponent(each.image).standardizedFileURL
            .resolvingSymlinksInPath())
        var map = try set.readLabels(of: each)
        var annotated = each.annotated
        let image = try ImageFile.read(
          path: set.folder.appendingPathComponent(each.image).path,
          modality: Modality(rawValue: set.modality))
        if each.split == .train {
          report.looked += 1
          let wanted = unknown(in: set, case: each, trained: engine.trainedCategories)
          for found in try await sure(
            of: wanted, in: image, key: "\(set.name)/\(each.image)", engine)
          where paint(found, on: &map, labels: &labels) {
            annotated.insert(found.category)
            report.cases[found.category, default: 0] += 1
          }
        }
        try file.write(map, affine: image.affine, isVolume: image.isVolume, to: place)
        entries.append(file.entry(annotated: annotated))
        done += 1
        progress(done, total)
      }
      try header(set, labels: labels, cases: entries)
        .write(to: place.appendingPathComponent("dataset.json"), options: .atomic)
    }
    return report
  }

  /// What the model knows, this kind of machine can show, and nobody looked for. Parts of a label that
  /// covers both sides are known by it.
  private func unknown(
    in set: Corpus.DataSet, case each: Corpus.Case, trained: Set<String>
  ) -> [String] {
    let known = Set(each.annotated.flatMap { vocabulary.parts(of: $0) })
    let foreign = Set(
      corpus.foreignCategories(to: set, among: Array(trained), vocabulary: vocabulary))
    let covered = Set(
      set.labels.values.filter { vocabulary.isComposite($0) }.flatMap { vocabulary.parts(of: $0) })
    return trained.subtracting(known).subtracting(foreign).subtracting(covered)
      .filter { choice.takes($0) }.sorted()
  }

  private struct Found {
    var category: String
    var mask: BinaryMask
    var score: Double
  }

  /// Best first.
  private func sure(
    of categories: [String], in image: MedicalImage, key: String, _ engine: any SegmentationEngine
  ) async throws -> [Found] {
    guard !categories.isEmpty else { return [] }
    let result = try await engine.segment(
      image, imageKey: key, queries: categories.map { Query(.category($0)) },
      options: SegmentOptions(wantsSemanticMask: false, wantsProbabilities: false), progress: nil)
    return zip(categories, result.queries).compactMap { category, answer in
      guard answer.isPresent, answer.presence >= presence, answer.score >= score,
        let mask = answer.mask
      else { return nil }
      return Found(category: category, mask: mask, score: answer.score)
    }.sorted { ($1.score, $0.category) < ($0.score, $1.category) }
  }

  /// Where nothing is drawn yet; whether enough is left.
  private func paint(
    _ found: Found, on map: inout LabelMap, labels: inout [UInt16: String]
  ) -> Bool {
    let free = map.labels.indices.filter { found.mask.voxels[$0] != 0 && map.labels[$0] == 0 }
    guard free.count >= leastPixels else { return false }
    let next = (labels.keys.max() ?? 0) + 1
    let value = labels.first { $0.value == found.category }?.key ?? next
    // The trainer keeps mask values in a byte.
    guard value < 256 else { return false }
    labels[value] = found.category
    for n in free { map.labels[n] = value }
    return true
  }

  private func header(
    _ set: Corpus.DataSet, labels: [UInt16: String], cases: [[String: Any]]
  ) throws -> Data {
    let names = Dictionary(uniqueKeysWithValues: labels.map { ("\($0.key)", $0.value) })
    return try JSONSerialization.data(
      withJSONObject: [
        "name": set.name, "dimension": set.dimension, "modality": set.modality,
        "licence": set.licence, "licence_class": set.licenceClass, "source": set.source,
        "note": "with labels that a model drew", "labels": names, "contains": set.contains,
        "cases": cases,
      ] as [String: Any], options: [.prettyPrinted, .sortedKeys])
  }
}

/// How a case's files are called in the new data set.
private struct CaseFiles {
  let image: String, mask: String
  private let source: Corpus.Case

  init(_ each: Corpus.Case, number: Int, of set: Corpus.DataSet) {
    source = each
    let name = (each.image as NSString).lastPathComponent
    let isVolume = name.hasSuffix(".nii") || name.hasSuffix(".nii.gz")
    image = "\(number)-\(name)"
    mask = "\(number)-mask.\(isVolume ? "nii.gz" : "png")"
  }

  func write(
    _ map: LabelMap, affine: Affine, isVolume: Bool, to folder: URL
  ) throws(ImagingError) {
    let path = folder.appendingPathComponent(mask).path
    if mask.hasSuffix(".png") {
      try ImageFile.writePNG(labels: map, path: path)
    } else {
      try NIfTIFile.write(labels: map, affine: affine, isVolume: isVolume, path: path)
    }
  }

  func entry(annotated: Set<String>) -> [String: Any] {
    [
      "image": image, "mask": mask, "patient": source.patient, "split": source.split.rawValue,
      "annotated": annotated.sorted(),
    ]
  }
}
