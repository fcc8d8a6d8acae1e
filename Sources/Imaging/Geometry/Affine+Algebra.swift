/// Arithmetic of affines. All of it takes the last row as `[0, 0, 0, 1]`.
extension Affine {
  public static let identity = Affine(rows: [
    [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
  ])

  /// Four rows of four finite numbers, the last `[0, 0, 0, 1]`, and three axes that span space.
  /// Check what a sender gave before anything else is asked of it.
  public var isUsable: Bool {
    rows.count == 4 && rows.allSatisfy { $0.count == 4 && $0.allSatisfy(\.isFinite) }
      && rows[3] == [0, 0, 0, 1] && determinant.isFinite && spacing.allSatisfy { $0 > 0 }
      && abs(determinant) > 1e-9 * spacing.reduce(1, *)
  }

  /// Of the upper left 3×3: the voxel's volume in mm³, negative for a left-handed grid.
  public var determinant: Double {
    let m = rows
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
      - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
      + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
  }

  /// Where the voxel index `(i, j, k)` lies, in millimetres.
  public func apply(_ point: [Double]) -> [Double] {
    (0..<3).map { r in
      rows[r][0] * point[0] + rows[r][1] * point[1] + rows[r][2] * point[2] + rows[r][3]
    }
  }

  /// First `right`, then `left`.
  public static func * (left: Affine, right: Affine) -> Affine {
    Affine(
      rows: (0..<4).map { r in
        (0..<4).map { c in (0..<4).reduce(0) { $0 + left.rows[r][$1] * right.rows[$1][c] } }
      })
  }

  /// From millimetres to voxel indices; nil where the axes do not span space.
  public var inverse: Affine? {
    let det = determinant
    guard det.isFinite, det != 0 else { return nil }
    let m = rows
    // The adjugate: cofactors, transposed by the order of the indices.
    let turned = (0..<3).map { r in
      (0..<3).map { c in
        let (a, b) = ((c + 1) % 3, (c + 2) % 3)
        let (d, e) = ((r + 1) % 3, (r + 2) % 3)
        return (m[a][d] * m[b][e] - m[a][e] * m[b][d]) / det
      }
    }
    let shift = [m[0][3], m[1][3], m[2][3]]
    return Affine(
      rows: turned.map { row in
        row + [-(row[0] * shift[0] + row[1] * shift[1] + row[2] * shift[2])]
      } + [[0, 0, 0, 1]])
  }
}
