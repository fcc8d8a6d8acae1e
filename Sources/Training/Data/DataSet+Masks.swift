import Foundation
public import Imaging

extension Corpus.DataSet {
  /// The mask values of a case, on its own grid: of one file, or of several laid over each other.
  ///
  /// Where masks overlap, the one with fewer pixels wins: what is drawn inside another thing is seen.
  /// That it belongs to the other too is said by `contains`.
  /// - Throws: `ImagingError` naming a file that cannot be read, `CorpusError` for masks of different
  ///   grids.
  public func readLabels(of each: Corpus.Case) throws -> LabelMap {
    guard let first = each.masks.first else {
      throw CorpusError("\(name)/\(each.image)", "it has no mask")
    }
    var map = try read(first)
    guard each.masks.count > 1 else { return map }
    // Of each mask value: where it is.
    var layers: [UInt16: [Bool]] = [:]
    for (index, file) in each.masks.enumerated() {
      let next = index == 0 ? map : try read(file)
      guard [next.width, next.height, next.depth] == [map.width, map.height, map.depth] else {
        throw CorpusError("\(name)/\(file.path)", "it has another grid than \(first.path)")
      }
      for value in Set(next.labels) where value != 0 {
        var pixels = layers.removeValue(forKey: value) ?? next.labels.map { _ in false }
        for (n, drawn) in next.labels.enumerated() where drawn == value { pixels[n] = true }
        layers[value] = pixels
      }
    }
    let sizes = layers.mapValues { pixels in pixels.count { $0 } }
    let order = layers.keys.sorted { (sizes[$1] ?? 0, $0) < (sizes[$0] ?? 0, $1) }
    for n in map.labels.indices { map.labels[n] = 0 }
    for value in order {
      for (n, isDrawn) in (layers[value] ?? []).enumerated() where isDrawn { map.labels[n] = value }
    }
    return map
  }

  /// A file's mask values, as `labels` knows them.
  private func read(_ file: Corpus.MaskFile) throws(ImagingError) -> LabelMap {
    var map = try ImageFile.readLabels(path: folder.appendingPathComponent(file.path).path)
    if let value = file.value {
      for n in map.labels.indices where map.labels[n] != 0 { map.labels[n] = value }
    } else if !rewritten.isEmpty {
      for n in map.labels.indices { map.labels[n] = rewritten[map.labels[n]] ?? map.labels[n] }
    }
    return map
  }
}
