import BusProtocol
import Imaging

/// Turns the input `image` of a request into samples.
struct ImageReader: Sendable {
  var limits: ProtocolLimits

  /// - Throws: `invalid_argument` or `too_large`, with the input's path.
  func read(_ input: InputImage, key: String) throws(ProtocolError) -> KeyedImage {
    var image = input.isFile ? try decode(input) : try convert(input)
    let (elements, overflow) = image.voxelCount.multipliedReportingOverflow(by: image.channels)
    guard !overflow, elements <= limits.imageElements else {
      throw .tooLarge(limit: "image_elements", maximum: limits.imageElements, path: Self.path)
    }
    guard elements > 0 else {
      throw .invalidArgument("the image has no voxels", path: Self.path)
    }
    if let rows = input.parameters.affine {
      image.affine = Affine(rows: rows)
      image.hasSpacing = true
    } else if let spacing = input.parameters.spacing, !image.hasSpacing {
      image.affine = .radiological(spacing: spacing)
      image.hasSpacing = true
    }
    return KeyedImage(image: image, key: key, isFile: input.isFile)
  }

  private static let path = "inputs[0]"

  private func decode(_ input: InputImage) throws(ProtocolError) -> MedicalImage {
    do throws(ImagingError) {
      return try ImageFile.decode(
        input.tensor.payload.array, contentType: input.parameters.contentType ?? "",
        modality: input.parameters.modality.map(Modality.init(rawValue:)),
        intensity: input.parameters.intensity.flatMap { Intensity(rawValue: $0.rawValue) },
        limits: DecodingLimits(
          maxPixels: limits.imageElements, maxVoxels: limits.imageElements,
          maxFileBytes: limits.inputBytes))
    } catch {
      if error.code == .tooLarge {
        throw .tooLarge(limit: "image_elements", maximum: limits.imageElements, path: Self.path)
      }
      throw .invalidArgument(error.message, path: Self.path)
    }
  }

  private func convert(_ input: InputImage) throws(ProtocolError) -> MedicalImage {
    let entry = input.tensor.entry
    let layout = input.parameters.layout ?? (entry.shape.count == 2 ? .hw : .dhw)
    guard let count = entry.elementCount, entry.byteCount == input.tensor.payload.count,
      entry.shape.count == (layout == .hw ? 2 : 3), layout != .hwc || entry.shape[2] == 3
    else { throw .invalidArgument("shape, layout and bytes do not fit together", path: Self.path) }
    let samples = try samples(input.tensor, count: count)
    let spatial = layout == .dhw ? entry.shape : [1] + Array(entry.shape.prefix(2))
    let parameters = input.parameters
    let modality = parameters.modality.map(Modality.init(rawValue:))
    // Protocol: `HU` for signed CT, else `raw`.
    let isSigned = [.int16, .int32, .fp16, .fp32].contains(entry.datatype)
    let usual: Intensity = modality == .ct && isSigned ? .hounsfield : .raw
    return MedicalImage(
      width: spatial[2], height: spatial[1], depth: spatial[0], channels: layout == .hwc ? 3 : 1,
      samples: samples, modality: modality,
      intensity: parameters.intensity.flatMap { Intensity(rawValue: $0.rawValue) } ?? usual,
      isVolume: layout == .dhw)
  }

  private func samples(_ tensor: Tensor, count: Int) throws(ProtocolError) -> [Float] {
    let floats: [Float]? = tensor.payload.withBytes { span in
      span.withUnsafeBytes { bytes in
        switch tensor.entry.datatype {
        case .bool, .uint8: Self.read(bytes, UInt8.self, count) { Float($0) }
        case .int16: Self.read(bytes, Int16.self, count) { Float(Int16(littleEndian: $0)) }
        case .uint16: Self.read(bytes, UInt16.self, count) { Float(UInt16(littleEndian: $0)) }
        case .int32: Self.read(bytes, Int32.self, count) { Float(Int32(littleEndian: $0)) }
        case .fp16: Self.read(bytes, UInt16.self, count) { Float(halfBits: $0.littleEndian) }
        case .fp32:
          Self.read(bytes, UInt32.self, count) { Float(bitPattern: $0.littleEndian) }
        case .bytes: nil
        }
      }
    }
    guard let floats else {
      throw .invalidArgument("\(tensor.entry.datatype.rawValue) is no tensor", path: Self.path)
    }
    if tensor.entry.datatype == .fp32 || tensor.entry.datatype == .fp16,
      !floats.allSatisfy(\.isFinite)
    {
      throw .invalidArgument("the image holds NaN or infinite values", path: Self.path)
    }
    return floats
  }

  /// The caller has made sure that `bytes` holds `count` values; frames need not be aligned.
  private static func read<T: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ type: T.Type, _ count: Int, _ convert: (T) -> Float
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { target, initialized in
      for n in 0..<count {
        let value = bytes.loadUnaligned(fromByteOffset: n * MemoryLayout<T>.size, as: T.self)
        target[n] = convert(value)
      }
      initialized = count
    }
  }
}

extension Float {
  /// IEEE 754 binary16, which Swift's own type does not offer on every platform.
  init(halfBits bits: UInt16) {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      // Subnormal: the fraction counts in units of 2^-24.
      let magnitude = Float(fraction) * 0x1p-24
      self = sign == 0 ? magnitude : -magnitude
    case 0x1f: self = Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
