import Imaging
import OpenVINORuntime

/// What the decoders say of one query on one slice; logits where nothing else is said.
struct DecodedQuery: Sendable {
  /// M_b, `[S/2, S/2]`.
  var mask: [Float]
  /// `[4, S/4, S/4]`.
  var candidates: [Float]
  /// Predicted, in [0, 1], of the four masks.
  var iou: [Float]
  /// M_s against background, `[S/2, S/2]`.
  var semantic: [Float]
  var presence: Float
  /// `[C]`.
  var naming: [Float]

  /// What both decoders make of an object that has a name, `[S/2, S/2]`: the mean of their logits. They
  /// were trained to agree (L_cons) and err in different places: on `val` the mean is better than either.
  var agreed: [Float] {
    guard semantic.count == mask.count else { return mask }
    return zip(mask, semantic).map { ($0 + $1) / 2 }
  }
}

extension DecodedQuery {
  /// What a network without decoders draws: one mask for all.
  init(undecided mask: [Float], presence: Float) {
    self.init(
      mask: mask, candidates: [], iou: [sigmoid(presence)], semantic: mask, presence: presence,
      naming: [])
  }
}

/// A query's inputs to the networks.
struct PromptTensors: Sendable {
  /// To the prompt encoder.
  var points: [String: TensorValue]
  /// Whether there is a box or a click.
  var hasPoints: Bool
  /// To the decoders.
  var text: [String: TensorValue]

  /// - Parameters:
  ///   - text: f_t, or nil where only a place is given.
  ///   - box: corners as fractions of the square; `clicks` likewise.
  init(
    configuration c: NetworkConfiguration, text: [Float]?,
    box: (x0: Double, y0: Double, x1: Double, y1: Double)?,
    clicks: [(x: Double, y: Double, isPositive: Bool)]
  ) {
    let count = PointKind.allCases.count
    var places = [Float](repeating: 0, count: c.points * 2)
    var kinds = [Float](repeating: 0, count: c.points * count)
    for p in 0..<c.points { kinds[p * count + PointKind.none.rawValue] = 1 }
    func place(_ p: Int, _ kind: PointKind, _ x: Double, _ y: Double) {
      places[p * 2] = Float(min(max(x, 0), 1))
      places[p * 2 + 1] = Float(min(max(y, 0), 1))
      for k in 0..<count { kinds[p * count + k] = k == kind.rawValue ? 1 : 0 }
    }
    if let box {
      place(0, .boxTopLeft, box.x0, box.y0)
      place(1, .boxBottomRight, box.x1, box.y1)
    }
    for (n, click) in clicks.prefix(c.points - 2).enumerated() {
      place(n + 2, click.isPositive ? .positive : .negative, click.x, click.y)
    }
    points = [
      "places": TensorValue(places, shape: [1, c.points, 2]),
      "kinds": TensorValue(kinds, shape: [1, c.points, count]),
    ]
    hasPoints = box != nil || !clicks.isEmpty
    self.text = [
      "text": TensorValue(
        text ?? [Float](repeating: 0, count: c.aspects * c.textWidth),
        shape: [1, c.aspects, c.textWidth]),
      "has_text": TensorValue([Float(text == nil ? 0 : 1)], shape: [1, 1]),
    ]
  }
}
