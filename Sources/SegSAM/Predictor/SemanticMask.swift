import Imaging
import Vocabulary

/// M_s: across the categories of a request a softmax over {background, categories} at each voxel,
/// whose likeliest is the largest logit against background's 0 (protocol, `semantic_mask`).
struct SemanticMask {
  private(set) var map: LabelMap
  let labels: [String]
  private let vocabulary: Vocabulary
  private var offered: [(label: Int, logits: [Float])] = []

  init(view: AxialView, labels: [String], vocabulary: Vocabulary) {
    map = LabelMap(width: view.size[0], height: view.size[1], depth: view.size[2])
    self.labels = labels
    self.vocabulary = vocabulary
  }

  mutating func begin() { offered = [] }

  /// A category's logits on the current slice; the first offer counts.
  ///
  /// - Parameter prior: on the slice's own grid, added to them.
  mutating func offer(
    _ logits: [Float], category: String, geometry: SliceGeometry, prior: [Float]? = nil,
    fit: BoxFit? = nil, bias: Float = 0
  ) {
    guard let label = labels.firstIndex(of: category),
      !offered.contains(where: { $0.label == label })
    else { return }
    offered.append((label, geometry.onSlice(logits, prior: prior, fit: fit, bias: bias)))
  }

  mutating func end(slice: Int) {
    guard let first = offered.first else { return }
    let area = first.logits.count
    let start = slice * area
    if offered.count == 1 {
      let label = UInt16(first.label + 1)
      first.logits.withUnsafeBufferPointer { logits in
        map.labels.withUnsafeMutableBufferPointer { labels in
          for i in 0..<area where logits[i] > 0 { labels[start + i] = label }
        }
      }
      return
    }
    // What holds others comes before what is drawn inside it, which then beats it.
    let isInside = offered.map { inner in
      offered.map { outer in vocabulary.isInside(labels[inner.label], labels[outer.label]) }
    }
    let order = offered.indices.sorted { a, b in
      let (da, db) = (isInside[a].count { $0 }, isInside[b].count { $0 })
      return da == db ? offered[a].label < offered[b].label : da < db
    }
    var best = [Float](repeating: 0, count: area)
    var owner = [Int](repeating: -1, count: area)
    for n in order {
      let logits = offered[n].logits
      for i in 0..<area where logits[i] > 0 {
        if logits[i] > best[i] || (owner[i] >= 0 && isInside[n][owner[i]]) {
          best[i] = logits[i]
          owner[i] = n
        }
      }
    }
    for i in 0..<area where owner[i] >= 0 {
      map.labels[start + i] = UInt16(offered[owner[i]].label + 1)
    }
  }
}
