import Imaging

/// The map between a slice of the view and the network's square.
struct SliceGeometry {
  let input: NetworkInput
  let side: Int

  /// All slices of an image have the same.
  ///
  /// - Parameter isStretched: whether slices fill the square, and nothing is padded.
  init(_ viewed: MedicalImage, side: Int, isStretched: Bool = false) throws(ImagingError) {
    self.side = side
    input = try NetworkInput.geometry(
      width: viewed.width, height: viewed.height, side: side, isStretched: isStretched)
  }

  /// As fractions of the square.
  func point(x: Double, y: Double) -> (x: Double, y: Double) {
    let p = input.networkPoint(x: x, y: y)
    return (p.x / Double(side), p.y / Double(side))
  }

  func box(
    x0: Double, y0: Double, x1: Double, y1: Double
  ) -> (x0: Double, y0: Double, x1: Double, y1: Double) {
    let b = input.networkBox(x0: x0, y0: y0, x1: x1, y1: y1)
    let s = Double(side)
    return (b.x0 / s, b.y0 / s, b.x1 / s, b.y1 / s)
  }

  /// Logits over the square, on the slice's own grid.
  ///
  /// - Parameters:
  ///   - prior: on the slice's grid, added to them; `fit`: to the box that they were asked for by.
  ///   - bias: added where any of them is over 0.
  func onSlice(
    _ logits: [Float], prior: [Float]? = nil, fit: BoxFit? = nil, bias: Float = 0
  ) -> [Float] {
    let s = Int(Double(logits.count).squareRoot().rounded())
    var here = input.resizeLogits(logits, side: s) ?? []
    if let prior, prior.count == here.count {
      for n in here.indices { here[n] += prior[n] }
    }
    fit?.fit(&here, width: input.width)
    if bias != 0, here.contains(where: { $0 > 0 }) {
      for n in here.indices { here[n] += bias }
    }
    return here
  }
}
