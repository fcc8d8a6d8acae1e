import Imaging

import func Foundation.log

/// Pieces of a mask in groups whose boxes lie close together.
struct PieceGroups {
  /// How far apart, in millimetres, two pieces of one object may be from slice to slice, one above the
  /// other: as far as a few missed slices; and within their slices.
  static let gap = 15.0, gapWithin = 5.0
  /// Of each piece: its group.
  private let group: [Int]
  /// Of each group: how likely it is the object, on a scale of its own.
  private let evidence: [Double]

  /// - Parameters:
  ///   - size: of the mask along i, j, k; `spacing` in millimetres.
  ///   - presence: of the object in each of the mask's slices.
  init(_ pieces: Components, size: [Int], spacing: [Double], presence: [Double]) {
    let count = pieces.count
    var lower = [[Int]](repeating: size, count: count)
    var upper = [[Int]](repeating: [0, 0, 0], count: count)
    for (n, label) in pieces.labels.enumerated() where label != 0 {
      let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])]
      let piece = Int(label) - 1
      for a in 0..<3 {
        lower[piece][a] = min(lower[piece][a], at[a])
        upper[piece][a] = max(upper[piece][a], at[a] + 1)
      }
    }
    var group = Array(0..<count)
    func root(_ n: Int) -> Int {
      var n = n
      while group[n] != n { n = group[n] }
      return n
    }
    // Crumbs are not what holds an object together.
    let least = (pieces.sizes.max() ?? 0) / 50
    for a in 0..<count where pieces.sizes[a] >= least {
      for b in 0..<a where pieces.sizes[b] >= least {
        let apart = (0..<3).map { axis in
          spacing[axis]
            * Double(max(0, max(lower[a][axis] - upper[b][axis], lower[b][axis] - upper[a][axis])))
        }
        if max(apart[0], apart[1]) <= Self.gapWithin, apart[2] <= Self.gap {
          group[root(a)] = root(b)
        }
      }
    }
    let roots = (0..<count).map(root)
    var voxels = [Int](repeating: 0, count: count)
    var peak = [Double](repeating: 0, count: count)
    for n in 0..<count {
      voxels[roots[n]] += pieces.sizes[n]
      for k in lower[n][2]..<upper[n][2] where presence.indices.contains(k) {
        peak[roots[n]] = max(peak[roots[n]], presence[k])
      }
    }
    self.group = roots
    evidence = (0..<count).map { n in
      let p = min(max(peak[n], 1e-4), 1 - 1e-4)
      return voxels[n] == 0 ? -.infinity : log(Double(voxels[n])) + log(p / (1 - p))
    }
  }

  /// The pieces of the so many likeliest groups.
  func likeliest(_ most: Int) -> Set<Int> {
    let order = Set(group).sorted { (evidence[$1], $0) < (evidence[$0], $1) }.prefix(most)
    return Set(group.indices.filter { order.contains(group[$0]) })
  }
}
