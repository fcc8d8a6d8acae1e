import Foundation
import Imaging
import Vocabulary

/// What opening one case shows.
struct CaseCheck {
  private(set) var problems: [CorpusReport.Problem] = []
  /// The categories that it was looked at for and that its mask shows.
  private(set) var drawn: Set<String> = []

  /// Files that are not there.
  static func missing(
    _ each: Corpus.Case, of set: Corpus.DataSet
  ) -> [CorpusReport.Problem] {
    ([each.image] + each.masks.map(\.path)).filter { !set.folder.has($0) }.map {
      .init(place: "\(set.name)/\($0)", reason: "the file is missing")
    }
  }

  init(_ each: Corpus.Case, of set: Corpus.DataSet, vocabulary: Vocabulary) {
    problems = Self.missing(each, of: set)
    guard problems.isEmpty else { return }
    func note(_ path: String, _ reason: String) {
      problems.append(.init(place: "\(set.name)/\(path)", reason: reason))
    }
    do {
      let image = try ImageFile.read(
        path: set.folder.appendingPathComponent(each.image).path,
        modality: Modality(rawValue: set.modality))
      let map = try set.readLabels(of: each)
      guard [map.width, map.height, map.depth] == [image.width, image.height, image.depth] else {
        note(
          each.mask,
          "its grid is \(map.width)×\(map.height)×\(map.depth), that of \(each.image) "
            + "\(image.width)×\(image.height)×\(image.depth)")
        return
      }
      var counts: [UInt16: Int] = [:]
      for value in map.labels where value != 0 { counts[value, default: 0] += 1 }
      let strange = counts.keys.filter { set.labels[$0] == nil }.sorted()
      if !strange.isEmpty {
        let listed = strange.map(String.init).joined(separator: ", ")
        note(each.mask, "it has values that no label has: \(listed)")
      }
      for category in Set(set.labels.values) where each.annotated.contains(category) {
        if set.values(of: category).contains(where: { counts[$0] != nil }) {
          drawn.insert(category)
        }
      }
      guard image.isVolume, image.hasSpacing else { return }
      if let off = try Self.shift(of: each, from: image, in: set) {
        note(each.mask, "its affine is not the image's: a corner is \(Int(off.rounded())) mm off")
      }
      for pair in swappedSides(map, affine: image.affine, set: set, vocabulary: vocabulary) {
        note(
          each.mask,
          "\(pair.right) lies on the patient's left of \(pair.left): the sides are swapped, "
            + "or the affine is not in RAS millimetres")
      }
    } catch let error as CorpusError {
      problems.append(.init(place: error.place, reason: error.reason))
    } catch let error as ImagingError {
      note(each.image, error.message)
    } catch {
      note(each.image, "\(error)")
    }
  }

  /// How far apart image and mask place the farthest corner, in mm; nil up to a tenth of a voxel.
  private static func shift(
    of each: Corpus.Case, from image: MedicalImage, in set: Corpus.DataSet
  ) throws -> Double? {
    guard each.masks.count == 1 else { return nil }
    let mask = try ImageFile.read(path: set.folder.appendingPathComponent(each.mask).path)
    guard mask.hasSpacing else { return nil }
    var farthest = 0.0
    for corner in 0..<8 {
      let point = [image.width, image.height, image.depth].enumerated().map { axis, size in
        corner >> axis & 1 == 1 ? Double(size - 1) : 0
      }
      let (here, there) = (image.affine.apply(point), mask.affine.apply(point))
      let off = zip(here, there).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      farthest = max(farthest, off.squareRoot())
    }
    return farthest > 0.1 * (image.affine.spacing.min() ?? 1) ? farthest : nil
  }

  /// Pairs of which the right one's centroid is not to the right of the left one's. In RAS
  /// millimetres +x is the patient's right here (`Affine`).
  private func swappedSides(
    _ map: LabelMap, affine: Affine, set: Corpus.DataSet, vocabulary: Vocabulary
  ) -> [(left: String, right: String)] {
    guard affine.isUsable else { return [] }
    return drawn.sorted().compactMap { right in
      guard let category = vocabulary[right], category.laterality == .right,
        let left = vocabulary.otherSide(of: category)?.id, drawn.contains(left)
      else { return nil }
      let (x, other) = (
        Self.x(of: set.values(of: right), in: map, affine: affine),
        Self.x(of: set.values(of: left), in: map, affine: affine)
      )
      return x < other ? (left, right) : nil
    }
  }

  /// The first coordinate of a centroid, in mm.
  private static func x(of values: Set<UInt16>, in map: LabelMap, affine: Affine) -> Double {
    var (i, j, k, count) = (0.0, 0.0, 0.0, 0.0)
    for (n, value) in map.labels.enumerated() where value != 0 && values.contains(value) {
      i += Double(n % map.width)
      j += Double(n / map.width % map.height)
      k += Double(n / (map.width * map.height))
      count += 1
    }
    return affine.apply([i / count, j / count, k / count])[0]
  }
}
