import Foundation
import Imaging
import Vocabulary

/// Where in a data set an image stands.
public struct CasePlace: Sendable, Codable, Hashable {
  /// The file, below the data set's folder.
  public var image: String
  /// Of a volume: along k of its axial view, from 0.
  public var slice: Int?
  public init(image: String, slice: Int? = nil) {
    self.image = image
    self.slice = slice
  }
}

/// One image, or axial slice, and what is drawn in it.
struct EvaluationSlice {
  var image: MedicalImage
  /// Of a volume: the slice among its neighbours, and which of them it is.
  var slab: (image: MedicalImage, level: Int)?
  var set: Corpus.DataSet
  var place: CasePlace
  /// The same for the same image in every run: what is drawn by lot for it is drawn from this.
  var key: String
  /// What was looked for, and on the image's grid where it is.
  var categories: [String]
  var truths: [BinaryMask]

  /// The same image with one thing to ask for.
  func only(_ category: String) -> EvaluationSlice? {
    guard let n = categories.firstIndex(of: category) else { return nil }
    var one = self
    (one.categories, one.truths) = ([category], [truths[n]])
    return one
  }
}

/// A case of a data set, decoded, as radiologists look at it.
struct EvaluationCase {
  let set: Corpus.DataSet
  let file: Corpus.Case
  /// What was looked for and is in the vocabulary, in the order of the mask's values.
  let categories: [String]
  /// The image in the radiological view.
  let viewed: MedicalImage
  private let labels: LabelMap

  init(_ file: Corpus.Case, of set: Corpus.DataSet, vocabulary: Vocabulary) throws {
    self.set = set
    self.file = file
    let image = try ImageFile.read(
      path: set.folder.appendingPathComponent(file.image).path,
      modality: Modality(rawValue: set.modality))
    let map = try set.readLabels(of: file)
    let view = AxialView(image)
    viewed = try view.view(image)
    do {
      labels = try view.view(map)
    } catch {
      throw CorpusError("\(set.name)/\(file.mask)", error.message)
    }
    categories = set.labels.sorted { $0.key < $1.key }.map(\.value)
      .filter { file.annotated.contains($0) && vocabulary[$0] != nil }
  }

  var sliceCount: Int { viewed.depth }

  /// A slice with as many on each side as a network may look at.
  private func slab(around k: Int) -> (image: MedicalImage, level: Int)? {
    guard sliceCount > 1 else { return nil }
    let spacing = viewed.hasSpacing ? viewed.affine.spacing[2] : 0
    let reach = spacing > 0 ? max(1, Int(Self.reach / spacing)) : 1
    let range = max(0, k - reach)..<min(sliceCount, k + reach + 1)
    return viewed.slices(range).map { ($0, k - range.lowerBound) }
  }

  /// In millimetres.
  private static let reach = 8.0

  /// Every n-th, from the middle of the first n on; the one of a picture.
  func slices(stride: Int) -> [Int] {
    (0..<sliceCount).filter { sliceCount == 1 || $0 % stride == stride / 2 }
  }

  func slice(_ k: Int) -> EvaluationSlice? {
    guard let image = viewed.slice(k), let truth = labels.slice(k) else { return nil }
    return EvaluationSlice(
      image: image, slab: slab(around: k), set: set,
      place: CasePlace(image: file.image, slice: sliceCount > 1 ? k : nil),
      key: "\(set.name)/\(file.image)#\(k)", categories: categories,
      truths: categories.map { category in
        let values = set.values(of: category)
        return BinaryMask(
          width: truth.width, height: truth.height,
          voxels: truth.labels.map { values.contains($0) ? 1 : 0 })
      })
  }
}
