/// MetaImage files (https://itk.org/Wiki/ITK/MetaIO/Documentation): `.mha`, and `.mhd` with its
/// samples in a file beside it.
public enum MetaImageFile {
  /// Writes labels, in one byte each where all are under 256, else in two; compressed by zlib.
  ///
  /// The format keeps directions and lengths apart: their products may differ in the last bit.
  public static func write(
    labels map: LabelMap, affine: Affine, path: String
  ) throws(ImagingError) {
    let grid = GridSamples(map)
    try grid.check(affine)
    let (rows, spacing) = (affine.rows, affine.spacing)
    let signs: [Double] = [-1, -1, 1]
    let matrix = (0..<3).flatMap { c in (0..<3).map { signs[$0] * rows[$0][c] / spacing[c] } }
    let offset = (0..<3).map { signs[$0] * rows[$0][3] }
    func text(_ numbers: [Double]) -> String {
      numbers.map { "\($0)" }.joined(separator: " ")
    }
    let data = try Deflate.deflate(grid.bytes, asGzip: false)
    let header = """
      ObjectType = Image
      NDims = 3
      BinaryData = True
      BinaryDataByteOrderMSB = False
      CompressedData = True
      CompressedDataSize = \(data.count)
      TransformMatrix = \(text(matrix))
      Offset = \(text(offset))
      CenterOfRotation = 0 0 0
      ElementSpacing = \(text(spacing))
      DimSize = \(map.width) \(map.height) \(map.depth)
      ElementType = \(grid.isWide ? "MET_USHORT" : "MET_UCHAR")
      ElementDataFile = LOCAL

      """
    try FileBytes.write(Array(header.utf8) + data, to: path)
  }

  /// Writes a mask as bytes 0 and 1, compressed.
  public static func write(
    mask: BinaryMask, affine: Affine, path: String
  ) throws(ImagingError) {
    try write(labels: LabelMap(mask), affine: affine, path: path)
  }
}
