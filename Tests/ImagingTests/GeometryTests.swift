import Imaging
import Testing

/// A rotation about a skew axis by a small angle, anisotropic voxels, some shear if asked.
private func oblique(shear: Double = 0) -> Affine {
  // cos and sin of 0.2 rad (about z) and 0.15 rad (then about x).
  let (ca, sa, cb, sb) = (0.98006657784, 0.19866933080, 0.98877107793, 0.14943813247)
  let turn = [[ca, -sa, 0], [cb * sa, cb * ca, -sb], [sb * sa, sb * ca, cb]]
  let steps = [0.7, 0.9, 3.1]
  var rows = turn.map { row in (0..<3).map { row[$0] * steps[$0] } + [0] }
  rows[0][1] += shear
  for r in 0..<3 { rows[r][3] = [12.5, -40, 7.25][r] }
  return Affine(rows: rows + [[0, 0, 0, 1]])
}

private let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

/// The grid of `affine` with its voxel axes reordered and flipped.
private func rearranged(_ affine: Affine, order: [Int], flips: Int) -> Affine {
  var result = affine
  for r in 0..<3 {
    for c in 0..<3 { result.rows[r][c] = affine.rows[r][order[c]] * (flips >> c & 1 == 1 ? -1 : 1) }
  }
  return result
}

@Suite struct AffineTests {
  @Test func inverse() throws {
    for order in orders {
      let affine = rearranged(oblique(shear: 0.2), order: order, flips: 5)
      let product = affine * (try #require(affine.inverse))
      for r in 0..<4 {
        for c in 0..<4 { #expect(abs(product.rows[r][c] - (r == c ? 1 : 0)) < 1e-12) }
      }
      let back = try #require(affine.inverse).apply(affine.apply([3, -2, 7.5]))
      for (got, want) in zip(back, [3, -2, 7.5]) { #expect(abs(got - want) < 1e-10) }
    }
    let flat = Affine(rows: [[1, 1, 0, 0], [2, 2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    #expect(flat.inverse == nil && !flat.isUsable)
  }

  @Test func determinantIsTheVoxelsVolume() {
    #expect(abs(oblique().determinant - 0.7 * 0.9 * 3.1) < 1e-9)
    #expect(Affine.radiological(spacing: [2, 3, 4]).determinant == 24)
    let flipped = rearranged(oblique(), order: [0, 1, 2], flips: 1)
    #expect(abs(flipped.determinant + 0.7 * 0.9 * 3.1) < 1e-9)
  }

  @Test func usable() {
    #expect(oblique().isUsable && Affine.identity.isUsable)
    var broken = Affine.identity
    broken.rows[0][3] = .nan
    #expect(!broken.isUsable)
    #expect(!Affine(rows: [[1, 0], [0, 1]]).isUsable)
    #expect(!Affine(rows: []).isUsable)
    broken = .identity
    broken.rows[3] = [0, 0, 1, 1]
    #expect(!broken.isUsable)
  }
}

@Suite struct OrientationTests {
  @Test func codes() {
    #expect(Orientation(.identity).description == "RAS")
    #expect(Orientation(.radiological()) == .radiological)
    #expect(Orientation.radiological.description == "LPS")
    #expect(
      Orientation(rearranged(.identity, order: [2, 0, 1], flips: 2)).description == "SLA")
    #expect(Orientation(oblique()).description == "RAS")
    #expect(Orientation([.left, .right, .superior]) == nil)
  }

  /// Each axis on its own is nearest to x here; the pairing must still be one to one.
  @Test func ambiguousAxesAreStillPaired() {
    let affine = Affine(rows: [
      [0.8, 0.75, 0, 0], [-0.6, 0.66, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
    ])
    #expect(Orientation(affine).description == "RAS")
  }

  @Test(arguments: orders, 0..<8)
  func thereAndBack(order: [Int], flips: Int) throws {
    let affine = rearranged(oblique(shear: 0.1), order: order, flips: flips)
    let size = [3, 4, 5]
    let image = MedicalImage(
      width: size[0], height: size[1], depth: size[2], samples: (0..<60).map(Float.init),
      affine: affine, isVolume: true, hasSpacing: true)
    let axial = AxialView(image)
    let seen = try axial.view(image)
    #expect(Orientation(seen.affine) == .radiological)
    #expect(axial.sliceCount == seen.depth)
    for k in 0..<seen.depth {
      for j in 0..<seen.height {
        for i in 0..<seen.width {
          let point = [Double(i), Double(j), Double(k)]
          let source = axial.toSource(point: point)
          #expect(axial.toView(point: source) == point)
          let s = source.map { Int($0) }
          let value = image.samples[(s[2] * size[1] + s[1]) * size[0] + s[0]]
          #expect(seen.samples[(k * seen.height + j) * seen.width + i] == value)
          for (a, b) in zip(seen.affine.apply(point), affine.apply(source)) {
            #expect(abs(a - b) < 1e-9)
          }
        }
      }
    }
    let map = LabelMap(width: 3, height: 4, depth: 5, labels: (0..<60).map { UInt16($0) })
    #expect(try axial.restore(axial.view(map)) == map)
    let mask = BinaryMask(
      width: 3, height: 4, depth: 5, voxels: (0..<60).map { $0 % 7 == 0 ? 1 : 0 })
    #expect(try axial.restore(axial.view(mask)) == mask)
    // A box covers the same voxels.
    let box = axial.toView(lower: [1, 0, 2], upper: [3, 2, 5])
    let corner = axial.toView(point: [1, 0, 2])
    let other = axial.toView(point: [2, 1, 4])
    for a in 0..<3 {
      #expect(box.lower[a] == min(corner[a], other[a]))
      #expect(box.upper[a] == max(corner[a], other[a]) + 1)
    }
  }

  @Test(arguments: [5, 11, 23, 46])
  func turnedImagesGiveTheirParts(code: Int) throws {
    let affine = rearranged(oblique(), order: orders[code / 8], flips: code % 8)
    let image = MedicalImage(
      width: 3, height: 4, depth: 5, channels: 3, samples: (0..<180).map(Float.init),
      affine: affine, isVolume: true, hasSpacing: true)
    var seen = try AxialView(image).view(image)
    let all = seen.samples
    let row = seen.width * 3
    let plane = row * seen.height
    #expect(Set(all).count == 180)
    for k in 0..<seen.depth {
      #expect(seen.plane(k) == Array(all[k * plane..<(k + 1) * plane]))
      #expect(seen.slice(k)?.samples == seen.plane(k))
    }
    let two = try #require(seen.slices(1..<3))
    #expect(two.samples == Array(all[plane..<3 * plane]))
    for (a, b) in zip(two.affine.apply([1, 0, 1]), seen.affine.apply([1, 0, 2])) {
      #expect(abs(a - b) < 1e-12)
    }
    // A change lands where it was meant, and not in the image that it was made from.
    seen.samples[plane + row + 4] = -1
    #expect(seen.plane(1)[row + 4] == -1 && seen.samples.count { $0 == -1 } == 1)
    #expect(image.samples.allSatisfy { $0 >= 0 })
    // Turned once more, it is the second turn of the first.
    let again = AxialView(
      width: seen.width, height: seen.height, depth: seen.depth,
      affine: rearranged(seen.affine, order: [2, 0, 1], flips: 3), isVolume: true)
    let twice = try again.view(seen)
    var copy = seen
    copy.samples = seen.samples
    #expect(try twice.samples == again.view(copy).samples && twice.samples != seen.samples)
  }

  @Test func loneSlicesKeepTheirPlane() throws {
    // As nibabel would load an axial, a coronal and a sagittal slice of a RAS volume.
    for (order, expected) in [
      ([0, 1, 2], "LPS"), ([0, 2, 1], "LIA"), ([1, 2, 0], "PIR"), ([2, 1, 0], "PIR"),
    ] {
      let slice = MedicalImage(
        width: 2, height: 3, samples: [0, 1, 2, 3, 4, 5],
        affine: rearranged(oblique(), order: order, flips: 0), hasSpacing: true)
      let axial = AxialView(slice)
      let seen = try axial.view(slice)
      #expect(seen.depth == 1)
      #expect(Orientation(seen.affine).description.dropLast() == expected.dropLast())
      let mask = BinaryMask(width: 2, height: 3, voxels: [1, 0, 0, 1, 1, 0])
      #expect(try axial.restore(axial.view(mask)) == mask)
    }
    let plain = MedicalImage(width: 2, height: 1, samples: [0, 1])
    #expect(AxialView(plain).isIdentity)
  }

  @Test func otherGridsAreRefused() throws {
    let axial = AxialView(width: 3, height: 4, depth: 5, affine: .identity, isVolume: true)
    #expect(
      code { () throws(ImagingError) in
        _ = try axial.restore(BinaryMask(width: 5, height: 4, depth: 3))
      } == .mismatch)
  }

  @Test func slices() throws {
    let image = MedicalImage(
      width: 2, height: 1, depth: 3, samples: [0, 1, 2, 3, 4, 5], affine: oblique(),
      isVolume: true)
    let slice = try #require(image.slice(2))
    #expect(slice.samples == [4, 5] && !slice.isVolume)
    for (a, b) in zip(slice.affine.apply([1, 0, 0]), image.affine.apply([1, 0, 2])) {
      #expect(abs(a - b) < 1e-12)
    }
    #expect(image.slice(3) == nil && image.slice(-1) == nil)
    let two = try #require(image.slices(1..<3))
    #expect(two.samples == [2, 3, 4, 5] && two.isVolume && two.depth == 2)
    for (a, b) in zip(two.affine.apply([1, 0, 1]), image.affine.apply([1, 0, 2])) {
      #expect(abs(a - b) < 1e-12)
    }
    #expect(image.slices(1..<1) == nil && image.slices(2..<4) == nil && image.slices(-1..<2) == nil)
  }
}
