/// A click as logits around it: for clicks that the network has no place left for, and that correct a
/// mask.
struct ClickPrior {
  /// In pixels of the slice.
  var x: Double, y: Double
  var isPositive: Bool
  /// Whether it stands against a mask and a box, which say a lot.
  var isCorrection = false
  /// How far it reaches, in the network's pixels at a side of 256.
  private static let reach = 6.0
  /// What it says at its place: a correction has its way.
  private var strength: Float { isCorrection ? 200 : 6 }

  /// Adds a tent.
  func add(to logits: inout [Float], width: Int, height: Int) {
    let reach = max(1, Self.reach * Double(max(width, height)) / 256)
    let (left, right) = (max(0, Int(x - reach)), min(width - 1, Int((x + reach).rounded(.up))))
    let (top, bottom) = (max(0, Int(y - reach)), min(height - 1, Int((y + reach).rounded(.up))))
    guard left <= right, top <= bottom, logits.count == width * height else { return }
    for v in top...bottom {
      for u in left...right {
        let (dx, dy) = (Double(u) - x, Double(v) - y)
        let share = Float(max(0, 1 - (dx * dx + dy * dy).squareRoot() / reach))
        logits[v * width + u] += (isPositive ? 1 : -1) * strength * share
      }
    }
  }
}
