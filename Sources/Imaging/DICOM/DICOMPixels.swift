/// How the pixels of a file are stored, PS3.3 C.7.6.3.
struct DICOMPixels: Sendable, Hashable {
  let samplesPerPixel: Int
  /// MONOCHROME1, MONOCHROME2, RGB, PALETTE COLOR, YBR_FULL, …
  let photometric: String
  let bitsAllocated: Int, bitsStored: Int, highBit: Int
  let isSigned: Bool
  let rescaleType: String?

  init(_ file: DICOMHandle) throws(ImagingError) {
    samplesPerPixel = file.integer(.samplesPerPixel) ?? 1
    photometric = file.text(.photometric) ?? "MONOCHROME2"
    bitsAllocated = file.integer(.bitsAllocated) ?? 0
    bitsStored = file.integer(.bitsStored) ?? bitsAllocated
    highBit = file.integer(.highBit) ?? bitsStored - 1
    isSigned = file.integer(.pixelRepresentation) == 1
    rescaleType = file.text(.rescaleType)
    guard (1...16).contains(samplesPerPixel), (0...64).contains(bitsAllocated) else {
      throw ImagingError(
        .malformed, "DICOM: \(samplesPerPixel) samples a pixel of \(bitsAllocated) bits")
    }
  }

  var isGray: Bool { photometric.hasPrefix("MONOCHROME") }
  /// The lowest value is shown white.
  var isInverted: Bool { photometric == "MONOCHROME1" }
  var channels: Int { isGray ? 1 : 3 }

  /// - Throws: `unsupported` for what is not read, `malformed` for what cannot be.
  func check() throws(ImagingError) {
    guard isGray ? samplesPerPixel == 1 : samplesPerPixel == 1 || samplesPerPixel == 3 else {
      throw ImagingError(
        .unsupported, "DICOM: \(samplesPerPixel) samples a pixel as \(photometric)")
    }
    guard [8, 16, 32].contains(bitsAllocated) else {
      throw ImagingError(.unsupported, "DICOM: \(bitsAllocated) bits allocated a sample")
    }
    guard (1...bitsAllocated).contains(bitsStored),
      (bitsStored - 1..<bitsAllocated).contains(highBit)
    else {
      throw ImagingError(
        .malformed,
        "DICOM: \(bitsStored) bits up to bit \(highBit) stored in \(bitsAllocated)")
    }
  }

  /// The bytes of one frame, before compression.
  func frameBytes(rows: Int, columns: Int) -> Int {
    rows * columns * samplesPerPixel * max(bitsAllocated, 1) / 8
  }

  /// A frame's values (rows · columns · channels), row by row.
  ///
  /// - Parameters:
  ///   - count: rows · columns.
  ///   - inverts: whether MONOCHROME1 is turned round, so that more is brighter.
  func decode(
    _ file: DICOMHandle, frame: Int, plane: DICOMPlane, count: Int, inverts: Bool
  ) throws(ImagingError) -> [Float] {
    guard isGray else { return try file.colours(frame: frame, pixels: count).map { Float($0) } }
    let width = bitsAllocated / 8
    let bytes = try file.stored(frame: frame, byteCount: count * width)
    // Left of the stored bits nothing is certain (overlays lay there), so they are shifted out;
    // the shift back fills in the sign.
    let left = UInt32(31 - highBit)
    let right = UInt32(32 - bitsStored)
    let turned = inverts && isInverted
    let ends = isSigned ? -1 : (1 << bitsStored) - 1
    let (slope, intercept) = (plane.slope, plane.intercept)
    return [Float](unsafeUninitializedCapacity: count) { out, filled in
      bytes.withUnsafeBufferPointer { bytes in
        for n in 0..<count {
          var cell: UInt32 = 0
          for b in 0..<width { cell |= UInt32(bytes[n * width + b]) << UInt32(8 * b) }
          let up = cell << left
          var value = isSigned ? Int(Int32(bitPattern: up) >> Int32(right)) : Int(up >> right)
          if turned { value = ends - value }
          out[n] = Float(Double(value) * slope + intercept)
        }
      }
      filled = count
    }
  }
}
