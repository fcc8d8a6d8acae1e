/// An attribute's tag, PS3.6.
struct DICOMTag: Sendable, Hashable {
  let group: UInt16, element: UInt16
  init(_ group: UInt16, _ element: UInt16) {
    self.group = group
    self.element = element
  }

  static let transferSyntax = DICOMTag(0x0002, 0x0010)
  static let sopClass = DICOMTag(0x0008, 0x0016), sopInstance = DICOMTag(0x0008, 0x0018)
  static let modality = DICOMTag(0x0008, 0x0060)
  static let seriesDescription = DICOMTag(0x0008, 0x103e)
  static let study = DICOMTag(0x0020, 0x000d), series = DICOMTag(0x0020, 0x000e)
  static let seriesNumber = DICOMTag(0x0020, 0x0011)
  static let acquisitionNumber = DICOMTag(0x0020, 0x0012)
  static let instanceNumber = DICOMTag(0x0020, 0x0013)
  static let temporalPosition = DICOMTag(0x0020, 0x0100)
  static let frameOfReference = DICOMTag(0x0020, 0x0052)

  static let position = DICOMTag(0x0020, 0x0032), orientation = DICOMTag(0x0020, 0x0037)
  static let pixelSpacing = DICOMTag(0x0028, 0x0030)
  static let sliceThickness = DICOMTag(0x0018, 0x0050)
  static let spacingBetweenSlices = DICOMTag(0x0018, 0x0088)
  static let temporalIndex = DICOMTag(0x0020, 0x9128)

  static let samplesPerPixel = DICOMTag(0x0028, 0x0002)
  static let photometric = DICOMTag(0x0028, 0x0004)
  static let frames = DICOMTag(0x0028, 0x0008)
  static let rows = DICOMTag(0x0028, 0x0010), columns = DICOMTag(0x0028, 0x0011)
  static let bitsAllocated = DICOMTag(0x0028, 0x0100), bitsStored = DICOMTag(0x0028, 0x0101)
  static let highBit = DICOMTag(0x0028, 0x0102)
  static let pixelRepresentation = DICOMTag(0x0028, 0x0103)
  static let intercept = DICOMTag(0x0028, 0x1052), slope = DICOMTag(0x0028, 0x1053)
  static let rescaleType = DICOMTag(0x0028, 0x1054)

  // Functional groups, PS3.3 C.7.6.16.2.
  static let frameContent = DICOMTag(0x0020, 0x9111)
  static let planePosition = DICOMTag(0x0020, 0x9113)
  static let planeOrientation = DICOMTag(0x0020, 0x9116)
  static let pixelMeasures = DICOMTag(0x0028, 0x9110)
  static let pixelValueTransformation = DICOMTag(0x0028, 0x9145)

  static let pixelData = DICOMTag(0x7fe0, 0x0010)
  static let item = DICOMTag(0xfffe, 0xe000), itemEnd = DICOMTag(0xfffe, 0xe00d)
  static let sequenceEnd = DICOMTag(0xfffe, 0xe0dd)
}
