import Foundation
import Imaging

/// What `make_dicom.py` and `make_grids.py` wrote of each fixture, by SimpleITK and pydicom.
struct GridReference: Decodable {
  var affine: [[Double]]
  var shape: [Int]
  var values: [Double]

  static func all(_ folder: String) throws -> [String: GridReference] {
    let data = try Data(contentsOf: URL(fileURLWithPath: fixture("\(folder)/expected.json")))
    return try JSONDecoder().decode([String: GridReference].self, from: data)
  }

  /// The farthest that two affines take the same voxel apart, mm.
  func distance(_ image: MedicalImage) -> Double {
    var most = 0.0
    for k in 0..<image.depth {
      for j in 0..<image.height {
        for i in 0..<image.width {
          let at = [Double(i), Double(j), Double(k)]
          let (a, b) = (image.affine.apply(at), Affine(rows: affine).apply(at))
          for n in 0..<3 { most = max(most, abs(a[n] - b[n])) }
        }
      }
    }
    return most
  }
}
