import Foundation

extension Double {
  /// With a fixed number of digits after the point; "–" where there is no number.
  func text(_ digits: Int) -> String {
    isFinite ? String(format: "%.\(digits)f", self) : "–"
  }
}

extension Double? {
  func text(_ digits: Int) -> String { self?.text(digits) ?? "–" }
}
