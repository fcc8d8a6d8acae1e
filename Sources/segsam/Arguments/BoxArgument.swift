import ArgumentParser
import Foundation

/// `--box 10,20,60,80`: a box in voxels, upper bounds exclusive; `none` for a query without one.
struct BoxArgument: ExpressibleByArgument, Sendable, Hashable {
  /// `[x0, y0, x1, y1]` or `[x0, y0, z0, x1, y1, z1]`.
  var bounds: [Double]?

  init(bounds: [Double]?) { self.bounds = bounds }

  init?(argument: String) {
    if argument.lowercased() == "none" {
      bounds = nil
      return
    }
    guard let numbers = NumberList.parse(argument), numbers.count == 4 || numbers.count == 6
    else { return nil }
    let half = numbers.count / 2
    guard (0..<half).allSatisfy({ numbers[$0] < numbers[$0 + half] }) else { return nil }
    bounds = numbers
  }
}

/// `--point 30,40,1`: a click at a voxel; the last number is 1 on the object, 0 off it.
struct PointArgument: ExpressibleByArgument, Sendable, Hashable {
  /// `[x, y]` or `[x, y, z]`.
  var at: [Double]
  var isPositive: Bool

  init?(argument: String) {
    guard let numbers = NumberList.parse(argument), numbers.count == 3 || numbers.count == 4,
      let label = numbers.last, label == 0 || label == 1
    else { return nil }
    at = Array(numbers.dropLast())
    isPositive = label == 1
  }
}

/// Numbers with commas between them.
enum NumberList {
  /// - Returns: nil where something is no finite number.
  static func parse(_ text: String) -> [Double]? {
    var numbers: [Double] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = Double(part.trimmingCharacters(in: .whitespaces)), number.isFinite else {
        return nil
      }
      numbers.append(number)
    }
    return numbers
  }
}
