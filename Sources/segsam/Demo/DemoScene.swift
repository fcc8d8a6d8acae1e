import Imaging

/// The picture that the demonstration asks about: a slice of a phantom, with its truth.
struct DemoScene: Sendable {
  struct Question: Sendable {
    var query: String
    var language: String
    /// The phantom's own name for it.
    var truth: String
  }

  static let questions = [
    Question(query: "liver", language: "English", truth: "liver"),
    Question(query: "spleen", language: "English", truth: "spleen"),
    Question(query: "左肾", language: "Chinese", truth: "left_kidney"),
    Question(query: "ren dexter", language: "Latin", truth: "right_kidney"),
    Question(query: "pancreas", language: "English", truth: "pancreas"),
  ]

  /// One slice, in HU.
  var image: MedicalImage
  /// Of each question.
  var truths: [BinaryMask]

  static func make(seed: UInt64) throws -> DemoScene {
    let phantom = try Phantom.make(seed: seed, size: [256, 192, 32], spacing: [1.5, 1.5, 12])
    let wanted = questions.map { question in
      phantom.categories.first { $0.value == question.truth }?.key ?? 0
    }
    let k = bestSlice(phantom.labels, wanted)
    guard var image = phantom.image.slice(k), let labels: LabelMap = phantom.labels.slice(k) else {
      throw Failure(.internalFault, "the synthetic volume has no slices")
    }
    image.isVolume = false
    return DemoScene(image: image, truths: wanted.map(labels.mask))
  }

  /// The slice that shows most of the thing of which it shows least.
  private static func bestSlice(_ labels: LabelMap, _ wanted: [UInt16]) -> Int {
    let area = labels.width * labels.height
    var best = (slice: labels.depth / 2, least: -1)
    for k in 0..<labels.depth {
      var counts = [Int](repeating: 0, count: wanted.count)
      for label in labels.labels[k * area..<(k + 1) * area] {
        if let n = wanted.firstIndex(of: label) { counts[n] += 1 }
      }
      let least = counts.min() ?? 0
      if least > best.least { best = (k, least) }
    }
    return best.slice
  }

  /// As the protocol wants it: INT16, HU, in C order.
  var pixels: [UInt8] {
    image.samples.flatMap { sample in
      let value = UInt16(bitPattern: Int16(clamping: Int(sample)))
      return [UInt8(value & 0xff), UInt8(value >> 8)]
    }
  }
}
