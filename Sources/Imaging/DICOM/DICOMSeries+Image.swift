extension DICOMSeries {
  /// Decodes the series as one volume; as a picture where it is a single slice.
  ///
  /// Values are slope · stored + intercept. Of a CT that is HU; of other images whose lowest value is
  /// white (MONOCHROME1) they are turned round, so that more is brighter. Colour becomes RGB.
  ///
  /// - Parameters:
  ///   - modality: instead of what the files say.
  ///   - intensity: instead of `hounsfield` for a CT with rescaling, else `raw`.
  public func image(
    modality: Modality? = nil, intensity: Intensity? = nil, options: DICOMOptions = .standard,
    limits: DecodingLimits = .standard
  ) throws(ImagingError) -> MedicalImage {
    let stack = try DICOMStack(instances, options: options)
    guard let first = stack.slices.compactMap({ $0 }).first else {
      throw ImagingError(.malformed, "a series without slices")
    }
    let (rows, columns, depth) = (first.instance.rows, first.instance.columns, stack.slices.count)
    let channels = first.instance.pixels.channels
    guard channels == 1 || depth == 1 else {
      throw ImagingError(.unsupported, "a volume in colour")
    }
    guard rows * columns * channels * depth <= limits.maxVoxels else {
      throw ImagingError(
        .tooLarge,
        "\(columns)×\(rows)×\(depth) voxels, the limit is \(limits.maxVoxels)")
    }
    try check(stack)
    let modality = modality ?? self.modality
    let intensity = intensity ?? (isHounsfield(first, modality) ? .hounsfield : .raw)
    let count = rows * columns * channels
    var samples = [Float](repeating: 0, count: count * depth)
    var open: (path: String, file: DICOMHandle)?
    for (k, slice) in stack.slices.enumerated() {
      guard let slice else { continue }
      let path = slice.instance.path
      do throws(ImagingError) {
        if open?.path != path { open = (path, try DICOMHandle(path: path, withPixels: true)) }
        guard let file = open?.file else { continue }
        let values = try slice.instance.pixels.decode(
          file, frame: slice.frame, plane: slice.plane, count: rows * columns,
          inverts: intensity != .hounsfield)
        samples.replaceSubrange(k * count..<(k + 1) * count, with: values)
      } catch {
        throw ImagingError(error.code, "\(path): \(error.message)")
      }
    }
    Self.fill(&samples, count: count, present: stack.slices.map { $0 != nil })
    return MedicalImage(
      width: columns, height: rows, depth: depth, channels: channels, samples: samples,
      affine: stack.affine, modality: modality, intensity: intensity, isVolume: stack.isVolume,
      hasSpacing: stack.hasSpacing)
  }

  private func isHounsfield(_ slice: DICOMStack.Slice, _ modality: Modality?) -> Bool {
    let type = slice.instance.pixels.rescaleType
    return modality == .ct && slice.plane.isRescaled && (type == nil || type == "HU")
  }

  /// That everything can be decoded, before anything is.
  private func check(_ stack: DICOMStack) throws(ImagingError) {
    for case let slice? in stack.slices {
      let instance = slice.instance
      do throws(ImagingError) {
        guard instance.syntax.isDecoded else {
          throw ImagingError(
            .unsupported, "transfer syntax \(instance.syntax.name) is not read here")
        }
        try instance.pixels.check()
      } catch {
        throw ImagingError(error.code, "\(instance.path): \(error.message)")
      }
    }
  }

  /// Missing slices by straight lines between their neighbours.
  private static func fill(_ samples: inout [Float], count: Int, present: [Bool]) {
    var below = 0
    for k in present.indices where present[k] {
      for between in below + 1..<max(k, below + 1) {
        let share = Float(between - below) / Float(k - below)
        for n in 0..<count {
          let (a, b) = (samples[below * count + n], samples[k * count + n])
          samples[between * count + n] = a + (b - a) * share
        }
      }
      below = k
    }
  }
}
