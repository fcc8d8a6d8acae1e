import Imaging
import OpenVINORuntime

/// Box and clicks on one slice, as Segment Anything's prompt encoder takes them.
struct SAMPrompt {
  /// As many clicks as go with a box; without one, "not a point" stands in its place.
  static let clickRoom = SAMNetwork.places - 2

  /// x and y as fractions of the square.
  private(set) var places: [(x: Double, y: Double, kind: PointKind)] = []
  /// Whether one click alone says what is meant: then the decoder's masks for such prompts count.
  let isAmbiguous: Bool
  /// A mask as logits over the padded square, `[1, 1, M, M]`; nil: none.
  private(set) var mask: TensorValue?
  /// Segment Anything's masks as prompts are logits of an earlier answer, around ±10.
  private static let maskGain: Float = 2.5

  /// - Parameters:
  ///   - box: corners in pixels of the slice.
  ///   - clicks: `[x, y, …]`, integers being pixels' centres.
  ///   - mask: logits on the slice's own grid; `maskSide` is M.
  init(
    box: (x0: Double, y0: Double, x1: Double, y1: Double)?, clicks: [QueryRun.Spot],
    geometry: SliceGeometry, mask logits: [Float]? = nil, maskSide: Int = 0
  ) {
    isAmbiguous = box == nil && logits == nil && clicks.count == 1
    let (scale, side) = (geometry.input.scale, Double(geometry.side))
    // Segment Anything scales a pixel's number and then goes to that pixel's centre.
    func place(_ x: Double, _ y: Double, _ kind: PointKind) {
      let at = ((x * scale.x + 0.5) / side, (y * scale.y + 0.5) / side)
      places.append((min(max(at.0, 0), 1), min(max(at.1, 0), 1), kind))
    }
    for click in clicks.prefix(Self.clickRoom) {
      place(click.at[0], click.at[1], click.isPositive ? .positive : .negative)
    }
    if let box {
      place(box.x0, box.y0, .boxTopLeft)
      place(box.x1, box.y1, .boxBottomRight)
    } else {
      places.append((0, 0, .none))
    }
    mask = logits.map { Self.square($0, maskSide, geometry) }
  }

  /// Nearest pixels; the padding is no part of anything.
  private static func square(
    _ logits: [Float], _ side: Int, _ geometry: SliceGeometry
  ) -> TensorValue {
    let (width, height) = (geometry.input.width, geometry.input.height)
    let cell = Double(geometry.side) / Double(side)
    var values = [Float](repeating: -4 * maskGain, count: side * side)
    for v in 0..<side {
      let y = Int(((Double(v) + 0.5) * cell / geometry.input.scale.y).rounded(.down))
      guard y < height else { break }
      for u in 0..<side {
        let x = Int(((Double(u) + 0.5) * cell / geometry.input.scale.x).rounded(.down))
        guard x < width else { break }
        values[v * side + u] = maskGain * logits[y * width + x]
      }
    }
    return TensorValue(values, shape: [1, 1, side, side])
  }

  /// Of the prompt encoder, `places [1, P, 2]` and `kinds [1, P, 5]`.
  var points: [String: TensorValue] {
    let (count, kinds) = (SAMNetwork.places, PointKind.allCases.count)
    var at = [Float](repeating: 0, count: 2 * count)
    var oneHot = [Float](repeating: 0, count: kinds * count)
    for n in 0..<count {
      let place = n < places.count ? places[n] : (x: 0, y: 0, kind: .none)
      (at[2 * n], at[2 * n + 1]) = (Float(place.x), Float(place.y))
      oneHot[n * kinds + place.kind.rawValue] = 1
    }
    return [
      "places": TensorValue(at, shape: [1, count, 2]),
      "kinds": TensorValue(oneHot, shape: [1, count, kinds]),
    ]
  }

  /// Of the decoder, `[1, P]`.
  var used: TensorValue {
    let count = SAMNetwork.places
    let used: [Float] = (0..<count).map { $0 < places.count ? 1 : 0 }
    return TensorValue(used, shape: [1, count])
  }
}
