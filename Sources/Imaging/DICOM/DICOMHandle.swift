import CDICOM

/// One open DICOM file; DCMTK's, closed with this.
final class DICOMHandle {
  let structure: DICOMStructure
  private let file: OpaquePointer

  /// - Throws: `unreadable`, `malformed`, `unsupported` or `tooLarge`, without the path.
  init(path: String, withPixels: Bool) throws(ImagingError) {
    structure = try DICOMStructure(path: path, withPixels: withPixels)
    var opened: OpaquePointer?
    let problem = failure { cdicom_open(path, withPixels ? 1 : 0, &opened, $0, $1) }
    guard problem == nil, let opened else { throw Self.error(problem) }
    file = opened
  }

  deinit { cdicom_close(file) }

  /// The first value of a text, without spaces around it or control characters; nil for none.
  func text(_ tag: DICOMTag) -> String? {
    let text: String? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let base = buffer.baseAddress,
        cdicom_text(file, tag.group, tag.element, base, buffer.count) != 0
      else { return nil }
      return String(cString: base)
    }
    guard let text else { return nil }
    let plain = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
    var kept = String(String.UnicodeScalarView(plain))
    while kept.hasSuffix(" ") { kept.removeLast() }
    while kept.hasPrefix(" ") { kept.removeFirst() }
    return kept.isEmpty ? nil : kept
  }

  /// The first `count` values, all finite numbers; nil where there are fewer.
  func numbers(_ tag: DICOMTag, count: Int) -> [Double]? {
    exactly(count) { cdicom_numbers(file, tag.group, tag.element, $0, $1) }
  }

  /// As a whole number of 32 bits; nil for none and for what is none.
  func integer(_ tag: DICOMTag) -> Int? {
    numbers(tag, count: 1).flatMap { Int32(exactly: $0[0]) }.map { Int($0) }
  }

  /// Of a frame, from 0: out of the functional group `sequence`, else of the data set itself.
  func numbers(
    _ tag: DICOMTag, in sequence: DICOMTag, frame: Int, count: Int
  ) -> [Double]? {
    exactly(count) {
      cdicom_frame_numbers(
        file, UInt32(frame), sequence.group, sequence.element, tag.group, tag.element, $0, $1)
    }
  }

  private func exactly(
    _ count: Int, _ get: (UnsafeMutablePointer<Double>?, Int32) -> Int32
  ) -> [Double]? {
    var found = 0
    let values = [Double](unsafeUninitializedCapacity: count) { buffer, filled in
      found = Int(get(buffer.baseAddress, Int32(count)))
      filled = max(0, min(found, count))
    }
    return found == count ? values : nil
  }

  /// A gray frame's cells as they are stored, little-endian, `byteCount` in all.
  func stored(frame: Int, byteCount: Int) throws(ImagingError) -> [UInt8] {
    try bytes(byteCount) { cdicom_stored(file, UInt32(frame), $0, byteCount, $1, $2) }
  }

  /// A colour frame, R G B a pixel.
  func colours(frame: Int, pixels: Int) throws(ImagingError) -> [UInt8] {
    try bytes(pixels * 3) { cdicom_rgb(file, UInt32(frame), $0, pixels * 3, $1, $2) }
  }

  private func bytes(
    _ count: Int,
    _ get: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<CChar>, Int) -> Int32
  ) throws(ImagingError) -> [UInt8] {
    var problem: (status: Int32, message: String)?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      problem = failure { get(buffer.baseAddress, $0, $1) }
      filled = problem == nil ? count : 0
    }
    if let problem { throw Self.error(problem) }
    return bytes
  }

  private static func error(_ problem: (status: Int32, message: String)?) -> ImagingError {
    ImagingError(
      problem?.status == Int32(CDICOM_TOO_LARGE) ? .tooLarge : .malformed,
      "DICOM: \(problem?.message ?? "not read")")
  }
}
