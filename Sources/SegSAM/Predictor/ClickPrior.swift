/// A click as logits around it: for clicks that the network has no place left for.
struct ClickPrior {
  /// In pixels of the slice.
  var x: Double, y: Double
  var isPositive: Bool
  /// How far it reaches, in the network's pixels at a side of 256, and what it says at its place.
  static let reach = 6.0
  static let strength: Float = 6

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
        logits[v * width + u] += (isPositive ? 1 : -1) * Self.strength * share
      }
    }
  }
}
