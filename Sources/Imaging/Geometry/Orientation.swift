/// To which side of the patient a voxel axis points.
public enum Direction: String, Sendable, Hashable, CaseIterable {
  case right = "R"
  case left = "L"
  case anterior = "A"
  case posterior = "P"
  case superior = "S"
  case inferior = "I"

  /// The axis of the RAS frame, 0 to 2.
  public var axis: Int {
    switch self {
    case .right, .left: 0
    case .anterior, .posterior: 1
    case .superior, .inferior: 2
    }
  }
  /// Whether it points up the RAS axis.
  public var isPositive: Bool { self == .right || self == .anterior || self == .superior }

  public init(axis: Int, isPositive: Bool) {
    let all: [(Direction, Direction)] = [
      (.right, .left), (.anterior, .posterior), (.superior, .inferior),
    ]
    self = isPositive ? all[axis].0 : all[axis].1
  }
}

/// The directions of i, j and k, to the nearest patient axis; 48 are possible.
public struct Orientation: Sendable, Hashable, CustomStringConvertible {
  /// Of i, j, k; each along another axis.
  public let directions: [Direction]

  /// - Returns: nil where two directions lie on the same axis.
  public init?(_ directions: [Direction]) {
    guard directions.count == 3, Set(directions.map(\.axis)).count == 3 else { return nil }
    self.directions = directions
  }

  /// i to the patient's left, j to the back, k up: `LPS`.
  public static let radiological = Orientation(unchecked: [.left, .posterior, .superior])
  private init(unchecked: [Direction]) { directions = unchecked }

  /// That of a grid: of the six ways to pair voxel axes with patient axes, the one whose
  /// angles are smallest, by the sum of their cosines; on a tie, the earlier in the list.
  public init(_ affine: Affine) {
    let spacing = affine.spacing
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    var best = orders[0]
    var most = -1.0
    for order in orders {
      let sum = (0..<3).reduce(0.0) {
        $0 + (spacing[$1] > 0 ? abs(affine.rows[order[$1]][$1]) / spacing[$1] : 0)
      }
      // Rounding must not decide a tie.
      if sum > most + 1e-9 {
        most = sum
        best = order
      }
    }
    directions = (0..<3).map {
      Direction(axis: best[$0], isPositive: affine.rows[best[$0]][$0] >= 0)
    }
  }

  /// Three letters, as in nibabel's `aff2axcodes`.
  public var description: String { directions.map(\.rawValue).joined() }
}
