/// NRRD files (https://teem.sourceforge.net/nrrd/format.html): `.nrrd`, and `.nhdr` with its
/// samples in a file beside it.
public enum NRRDFile {
  /// Writes labels, in one byte each where all are under 256, else in two; gzipped.
  ///
  /// Every number of the affine is written such that it is read again exactly.
  public static func write(
    labels map: LabelMap, affine: Affine, path: String
  ) throws(ImagingError) {
    let grid = GridSamples(map)
    try grid.check(affine)
    func vector(_ column: Int) -> String {
      let rows = affine.rows
      return "(\(-rows[0][column]),\(-rows[1][column]),\(rows[2][column]))"
    }
    let header = """
      NRRD0004
      type: \(grid.isWide ? "unsigned short" : "unsigned char")
      dimension: 3
      space: left-posterior-superior
      sizes: \(map.width) \(map.height) \(map.depth)
      space directions: \(vector(0)) \(vector(1)) \(vector(2))
      kinds: domain domain domain
      endian: little
      encoding: gzip
      space origin: \(vector(3))


      """
    try FileBytes.write(
      Array(header.utf8) + Deflate.deflate(grid.bytes, asGzip: true), to: path)
  }

  /// Writes a mask as bytes 0 and 1, gzipped.
  public static func write(
    mask: BinaryMask, affine: Affine, path: String
  ) throws(ImagingError) {
    try write(labels: LabelMap(mask), affine: affine, path: path)
  }
}
