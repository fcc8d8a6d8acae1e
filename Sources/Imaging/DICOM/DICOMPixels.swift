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

  /// Writes a frame's values to `out` (rows · columns · channels), row by row.
  ///
  /// - Parameter inverts: whether MONOCHROME1 is turned round, so that more is brighter.
  func decode(
    _ file: DICOMHandle, frame: Int, plane: DICOMPlane, count: Int, inverts: Bool,
    into out: inout ArraySlice<Float>
  ) throws(ImagingError) {
    guard isGray else {
      let bytes = try file.colours(frame: frame, pixels: count)
      for n in 0..<bytes.count { out[out.startIndex + n] = Float(bytes[n]) }
      return
    }
    let width = bitsAllocated / 8
    let bytes = try file.stored(frame: frame, byteCount: count * width)
    // Left of the stored bits nothing is certain (overlays lay there), so they are shifted out;
    // the shift back fills in the sign.
    let left = UInt32(31 - highBit)
    let right = UInt32(32 - bitsStored)
    let turned = inverts && isInverted
    let ends = isSigned ? -1 : (1 << bitsStored) - 1
    let (slope, intercept) = (plane.slope, plane.intercept)
    bytes.withUnsafeBufferPointer { bytes in
      out.withUnsafeMutableBufferPointer { out in
        for n in 0..<count {
          var cell: UInt32 = 0
          for b in 0..<width { cell |= UInt32(bytes[n * width + b]) << UInt32(8 * b) }
          let up = cell << left
          var value = isSigned ? Int(Int32(bitPattern: up) >> Int32(right)) : Int(up >> right)
          if turned { value = ends - value }
          out[n] = Float(Double(value) * slope + intercept)
        }
      }
    }
  }
}
