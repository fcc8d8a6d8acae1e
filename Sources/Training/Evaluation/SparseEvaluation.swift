import Foundation
import Imaging
public import SegSAM
public import Vocabulary
import Volumetrics

/// Measures what filling a volume from every n-th slice's annotation is worth, beside the same shapes
/// interpolated by their signed distances.
public struct SparseEvaluation {
  public var corpus: Corpus
  public var split: Split
  public var vocabulary: Vocabulary
  /// One slice in so many is annotated.
  public var every = 10
  public var strength: Double?
  public var progress: (Int, Int) -> Void = { _, _ in }

  public init(corpus: Corpus, split: Split, vocabulary: Vocabulary) {
    self.corpus = corpus
    self.split = split
    self.vocabulary = vocabulary
  }

  /// Of a pair of data set and category: mean 3-D DSC over volumes, annotated slices included, and over
  /// the other slices alone.
  public struct Row: Sendable, Codable {
    public var dataSet: String, category: String
    public var volumes: Int
    public var filled: Double, interpolated: Double
    public var filledBetween: Double, interpolatedBetween: Double
  }

  public func run(_ engine: any SegmentationEngine) async throws -> [Row] {
    var sums: [String: (row: Row, count: Int)] = [:]
    let files = corpus.dataSets.flatMap { set in
      set.cases.filter { $0.split == split && set.dimension == 3 }.map { (set, $0) }
    }
    for (n, (set, file)) in files.enumerated() {
      let one = try EvaluationCase(file, of: set, vocabulary: vocabulary)
      for row in try await measure(one, engine) {
        var sum = sums["\(row.dataSet) \(row.category)"] ?? (row, 0)
        if sum.count > 0 {
          sum.row.filled += row.filled
          sum.row.interpolated += row.interpolated
          sum.row.filledBetween += row.filledBetween
          sum.row.interpolatedBetween += row.interpolatedBetween
        }
        sum.count += 1
        sums["\(row.dataSet) \(row.category)"] = sum
      }
      progress(n + 1, files.count)
    }
    return sums.values.map { sum in
      var row = sum.row
      let count = Double(sum.count)
      row.volumes = sum.count
      row.filled /= count
      row.interpolated /= count
      row.filledBetween /= count
      row.interpolatedBetween /= count
      return row
    }.sorted { ($0.dataSet, $0.category) < ($1.dataSet, $1.category) }
  }

  private func measure(
    _ one: EvaluationCase, _ engine: any SegmentationEngine
  ) async throws -> [Row] {
    guard one.sliceCount > every, !one.categories.isEmpty else { return [] }
    let truth = one.drawn
    let area = truth.width * truth.height
    let annotated = Set((0..<one.sliceCount).filter { $0 % every == every / 2 })
    var given = truth
    for k in 0..<one.sliceCount where !annotated.contains(k) {
      for v in k * area..<(k + 1) * area { given.labels[v] = 0 }
    }
    var filling = SparseFilling(
      engine: engine,
      labels: one.categories.enumerated().map {
        SparseFilling.Label(value: UInt16($0 + 1), subject: .category($1))
      })
    if let strength { filling.strength = strength }
    let key = "\(one.set.name)/\(one.file.image)"
    let filled = try await filling.fill(
      given, in: one.viewed, imageKey: key, annotated: annotated)
    filling.propagation = .off
    let shapes = try await filling.fill(
      given, in: one.viewed, imageKey: key, annotated: annotated)
    return try one.categories.enumerated().compactMap { n, category in
      let value = UInt16(n + 1)
      let drawn = truth.mask(of: value)
      // What no annotated slice shows, nobody asked to fill.
      guard drawn.count > 0, given.labels.contains(value) else { return nil }
      func dice(_ map: LabelMap, between: Bool) throws -> Double {
        var (mine, own) = (map.mask(of: value), drawn)
        if between {
          for k in annotated {
            for v in k * area..<(k + 1) * area { (mine.voxels[v], own.voxels[v]) = (0, 0) }
          }
        }
        return try Overlap(mine, own).dice
      }
      return Row(
        dataSet: one.set.name, category: category, volumes: 1,
        filled: try dice(filled.map, between: false),
        interpolated: try dice(shapes.map, between: false),
        filledBetween: try dice(filled.map, between: true),
        interpolatedBetween: try dice(shapes.map, between: true))
    }
  }
}

extension EvaluationCase {
  /// The truth of the whole volume: the n-th of `categories` from 1.
  var drawn: LabelMap {
    var map = LabelMap(width: viewed.width, height: viewed.height, depth: viewed.depth)
    let area = viewed.width * viewed.height
    for k in 0..<sliceCount {
      guard let slice = slice(k) else { continue }
      for (n, truth) in slice.truths.enumerated() {
        for v in 0..<area where truth.voxels[v] != 0 { map.labels[k * area + v] = UInt16(n + 1) }
      }
    }
    return map
  }
}
