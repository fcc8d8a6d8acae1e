/// What the header of an NRRD or MetaImage file says of its samples, and where they are.
struct GridHeader: Sendable {
  enum Place: Sendable, Hashable {
    /// Behind the header, at this byte.
    case here(Int)
    /// In another file, in the same folder.
    case file(String)
  }
  enum Encoding: Sendable, Hashable { case raw, deflated }

  /// Along i, j, k.
  var size: [Int]
  var channels = 1
  var type: SampleType
  var isBigEndian = false
  var encoding = Encoding.raw
  /// In RAS.
  var affine: Affine
  var hasSpacing: Bool
  var isVolume: Bool
  var place: Place
  /// Before the samples: lines, then bytes; of compressed data after they are inflated. Nil bytes:
  /// the samples are the last of the file.
  var skippedLines = 0
  var skippedBytes: Int? = 0

  /// - Parameters:
  ///   - bytes: of the header's file.
  ///   - path: of the header's file; what lies in another file is looked for beside it.
  func image(
    _ bytes: [UInt8], path: String, modality: Modality?, intensity: Intensity?,
    limits: DecodingLimits
  ) throws(ImagingError) -> MedicalImage {
    try check(limits)
    let count = size.reduce(1, *) * channels
    var data: ArraySlice<UInt8>
    switch place {
    case .here(let start): data = bytes[min(start, bytes.count)...]
    case .file(let name): data = try Self.beside(path, name, limits)[...]
    }
    for _ in 0..<skippedLines {
      guard let end = data.firstIndex(of: 0x0a) else {
        throw ImagingError(.malformed, "the file ends within the lines to skip")
      }
      data = data[(end + 1)...]
    }
    let needed = count * type.width
    if encoding == .deflated {
      data = try Deflate.inflate(data, count: needed + (skippedBytes ?? 0))[...]
    }
    if let skippedBytes {
      data = data.dropFirst(skippedBytes)
    } else {
      data = data.suffix(needed)
    }
    guard data.count >= needed else {
      throw ImagingError(
        .malformed, "the header promises \(needed) bytes, there are \(data.count)")
    }
    return MedicalImage(
      width: size[0], height: size[1], depth: size[2], channels: channels,
      samples: type.floats(data, count: count, isBigEndian: isBigEndian), affine: affine,
      modality: modality,
      intensity: intensity ?? (modality == .ct && type.isSigned ? .hounsfield : .raw),
      isVolume: isVolume, hasSpacing: hasSpacing)
  }

  private func check(_ limits: DecodingLimits) throws(ImagingError) {
    guard size.count == 3, size.allSatisfy({ (1...(1 << 20)).contains($0) }) else {
      throw ImagingError(.malformed, "a grid of \(size) voxels")
    }
    // At most 2⁶⁰.
    let voxels = size.reduce(1, *)
    guard voxels <= limits.maxVoxels / channels else {
      throw ImagingError(.tooLarge, "\(voxels) voxels, the limit is \(limits.maxVoxels)")
    }
    guard channels == 1 || size[2] == 1 else {
      throw ImagingError(.unsupported, "a volume in colour, or of vectors: give one of numbers")
    }
    guard (0...1024).contains(skippedLines), (0...(1 << 30)).contains(skippedBytes ?? 0) else {
      throw ImagingError(.malformed, "the samples start nowhere")
    }
    guard affine.isUsable else {
      throw ImagingError(.malformed, "the axes of the grid do not span space")
    }
  }

  /// A file in the folder of another one. Names that lead elsewhere are refused, and so are links.
  private static func beside(
    _ path: String, _ name: String, _ limits: DecodingLimits
  ) throws(ImagingError) -> [UInt8] {
    guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.contains("\0")
    else {
      throw ImagingError(
        .unsupported, "its samples are in \"\(name)\": only files beside the header are read")
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return try FileBytes.read(folder + name, limit: limits.maxFileBytes, followsLinks: false)
  }
}

extension LabelMap {
  /// - Throws: `unsupported` where a sample is no whole number from 0 to 65535.
  init(_ image: MedicalImage) throws(ImagingError) {
    guard image.channels == 1 else {
      throw ImagingError(.unsupported, "a colour image holds no labels")
    }
    var whole = true
    let samples = image.samples
    let labels = [UInt16](unsafeUninitializedCapacity: samples.count) { out, count in
      for (n, value) in samples.enumerated() {
        let label = UInt16(exactly: value)
        if label == nil { whole = false }
        out[n] = label ?? 0
      }
      count = samples.count
    }
    guard whole else {
      throw ImagingError(.unsupported, "labels must be whole numbers from 0 to 65535")
    }
    self.init(width: image.width, height: image.height, depth: image.depth, labels: labels)
  }
}
