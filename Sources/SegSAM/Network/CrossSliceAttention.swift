public import Imaging
import NeuralGraph

/// A slice's features look at those of the slices below and above it: trained after the image encoder,
/// which stays as it is.
///
/// MedSAM2 (arXiv 2504.03600) has the same from SAM 2's memory attention; here both directions are
/// known at once, so that slices are not answered one after another. The last layer starts at zero: untrained,
/// the module changes nothing.
public struct CrossSliceAttention {
  public var configuration: NetworkConfiguration

  public init(configuration: NetworkConfiguration) { self.configuration = configuration }

  /// How many slices are looked at: two below and two above.
  public static let count = 4

  /// They, from the lowest; beyond a volume's ends the last slice stands for them.
  ///
  /// - Parameter reach: millimetres from one to the next, see `NetworkConfiguration.sliceAttention`.
  public static func slices(around slice: Int, in image: MedicalImage, reach: Double) -> [Int] {
    let near = NetworkInput.neighbours(of: slice, in: image, reach: reach)
    let far = NetworkInput.neighbours(of: slice, in: image, reach: 2 * reach)
    return [far[0], near[0], near[1], far[1]]
  }

  /// - Parameters:
  ///   - tokens: f_v of N slices, `[N, T, width]`.
  ///   - around: f_v of those around each, `[N, count, T, width]`.
  ///   - positions: `[1, T, width]`.
  /// - Returns: `[N, T, width]`.
  func callAsFunction(
    _ s: Scope, tokens: Tensor, around: Tensor, positions: Tensor
  ) throws(GraphError) -> Tensor {
    let c = configuration
    let (n, t) = (tokens.extent(0), tokens.extent(1))
    let place = try s.parameter("offsets", [1, Self.count, 1, c.width], .normal(0.02))
    let values = try s(.add, s["norm2"].layerNorm(around), place)
    let keys = try s(.add, values, s(.reshape([1, 1, t, c.width]), positions))
    func flat(_ x: Tensor) throws(GraphError) -> Tensor {
      try s(.reshape([n, Self.count * t, c.width]), x)
    }
    let queries = try s(.add, s["norm1"].layerNorm(tokens), positions)
    return try s["attention"].attend(
      queries, flat(keys), flat(values), heads: c.heads, inner: c.crossWidth, zero: true)
  }
}
