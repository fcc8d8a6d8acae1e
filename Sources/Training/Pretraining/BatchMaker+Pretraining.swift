import Imaging
import SegSAM

/// What pretraining shows: augmented views of all images, labelled or not.
extension BatchMaker {
  func pretraining(_ method: Pretraining.Method, random: inout SeededRandom) -> Batch {
    let s = configuration.imageSize
    let (images, plane) = (shape.images, configuration.channels * s * s)
    let halves = method == .neighbours ? 2 : 1
    var pixels = [Float](repeating: 0, count: halves * images * plane)
    pixels.withUnsafeMutableBufferPointer { out in
      for n in 0..<images {
        let index = random.below(store.slices.count)
        let slice = store.slices[index]
        guard method == .neighbours else {
          _ = view(of: slice, index: index, into: &out, at: n * plane, random: &random)
          continue
        }
        // Neither half may show the other as its neighbour.
        var pair = [slice, slice.neighbour(random.below(2)) ?? slice]
        for k in pair.indices { pair[k].neighbours = 0 }
        for (k, half) in pair.enumerated() {
          _ = view(
            of: half, index: index, into: &out, at: (k * images + n) * plane, random: &random)
        }
      }
    }
    var batch = Batch(floats: ["image": pixels])
    if method == .masked { batch.floats["hidden"] = hidden(random: &random) }
    return batch
  }

  /// Of each image a share of its patches, `[B, 1, S, S]`.
  private func hidden(random: inout SeededRandom) -> [Float] {
    let s = configuration.imageSize
    let grid = s / Pretraining.patch
    var hidden = [Float](repeating: 0, count: shape.images * s * s)
    for n in 0..<shape.images {
      var cells = Array(0..<grid * grid)
      cells.shuffle(using: &random)
      for cell in cells.prefix(Int(Float(cells.count) * Pretraining.hidden)) {
        let (x, y) = (cell % grid * Pretraining.patch, cell / grid * Pretraining.patch)
        for row in y..<y + Pretraining.patch {
          let start = (n * s + row) * s + x
          for at in start..<start + Pretraining.patch { hidden[at] = 1 }
        }
      }
    }
    return hidden
  }
}

extension TrainingSlice {
  /// The slice below (0) or above (1) as a picture of its own, without labels; nil where it is not
  /// known.
  func neighbour(_ n: Int) -> TrainingSlice? {
    guard n < neighbours else { return nil }
    var other = self
    let area = width * height
    let start = (channels + n) * area
    other.pixels = Array(pixels[start..<start + area])
    (other.channels, other.neighbours) = (1, 0)
    other.labels = [UInt8](repeating: 0, count: area)
    other.counts = [:]
    return other
  }
}
