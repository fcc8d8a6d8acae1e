import Imaging
import SegSAM

/// Pictures of what was found.
extension Study {
  /// One slice as radiologists see it, with everything found in it.
  struct Plate {
    var picture: Picture
    /// Along k of the axial view, and how many there are.
    var slice: Int, count: Int
    /// Names of what it was chosen for; empty for an image.
    var shows: [String]
  }

  /// The slices that show most of each thing found, at most `limit`: those chosen for several
  /// things or the largest first, then in order from below.
  func plates(limit: Int) throws(ImagingError) -> [Plate] {
    let axial = AxialView(image)
    let seen = try axial.view(image)
    var layers: [Overlay.Layer] = []
    var chosen: [Int: [(name: String, size: Int)]] = [:]
    for (query, subject) in answers where query.isPresent {
      guard let mask = query.mask, mask.count > 0 else { continue }
      let turned = try axial.view(mask)
      let ascii = subject.name.unicodeScalars.allSatisfy { (32...126).contains($0.value) }
      layers.append(
        Overlay.Layer(
          mask: turned, name: ascii ? subject.name : query.category ?? "free text",
          color: subject.color))
      let counts = sliceCounts(turned)
      let size = counts.max() ?? 0
      chosen[counts.firstIndex(of: size) ?? 0, default: []].append((subject.name, size))
    }
    if chosen.isEmpty { chosen[axial.sliceCount / 2] = [] }
    let order = chosen.sorted { a, b in
      let (left, right) = (a.value.reduce(0) { $0 + $1.size }, b.value.reduce(0) { $0 + $1.size })
      if a.value.count != b.value.count { return a.value.count > b.value.count }
      return left != right ? left > right : a.key < b.key
    }
    var plates: [Plate] = []
    for (k, names) in order.prefix(max(limit, 1)).sorted(by: { $0.key < $1.key }) {
      let area = seen.width * seen.height
      let here = layers.filter {
        $0.mask.voxels[k * area..<(k + 1) * area].contains { $0 != 0 }
      }
      plates.append(
        Plate(
          picture: try Overlay.render(seen, slice: k, layers: here), slice: k,
          count: axial.sliceCount, shows: image.isVolume ? names.map(\.name) : []))
    }
    return plates
  }
}
