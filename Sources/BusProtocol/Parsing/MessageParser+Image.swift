import JSONC

extension MessageParser {
  /// The input `image`, checked, for methods that take one.
  func image(
    _ tensors: [Tensor], for parameters: MethodParameters
  ) throws(ProtocolError) -> InputImage? {
    let takesImage: Bool
    let imageID: String?
    switch parameters {
    case .segment(let segment): (takesImage, imageID) = (true, segment.imageID)
    case .report(let report): (takesImage, imageID) = (true, report.imageID)
    case .imagePut: (takesImage, imageID) = (true, nil)
    default: (takesImage, imageID) = (false, nil)
    }
    let names = parameters.method == .segment ? ["image", "mask"] : ["image"]
    for (index, tensor) in tensors.enumerated()
    where !takesImage || !names.contains(tensor.entry.name) {
      let known = names.map { "\"\($0)\"" }.joined(separator: " and ")
      throw .invalidArgument(
        takesImage
          ? "\(parameters.method.rawValue) knows the inputs \(known)"
          : "\(parameters.method.rawValue) takes no inputs",
        path: takesImage ? "inputs[\(index)].name" : "inputs[\(index)]",
        suggestion: takesImage
          ? Suggestion.closest(to: tensor.entry.name, among: names) ?? "image" : nil)
    }
    guard takesImage else { return nil }
    if let index = tensors.firstIndex(where: { $0.entry.name == "image" }), index > 0 {
      throw .invalidArgument("the image comes first", path: "inputs[\(index)].name")
    }
    guard let tensor = tensors.first, tensor.entry.name == "image" else {
      if imageID != nil { return nil }
      throw .invalidArgument("the input \"image\" is needed", path: "inputs")
    }
    if imageID != nil {
      throw .invalidArgument(
        "send an input \"image\" or an image_id, not both", path: "parameters.image_id")
    }
    return try InputImage(tensor, limits: limits, contentTypes: contentTypes)
  }
}

extension InputImage {
  /// Checks shape, values and `parameters` of the entry, which is `inputs[0]`.
  init(
    _ tensor: Tensor, limits: ProtocolLimits, contentTypes: Set<String>
  ) throws(ProtocolError) {
    let entry = tensor.entry
    let members = Members(entry.parameters, at: "inputs[0].parameters")
    let isFile = entry.datatype == .bytes
    try members.allow(only: InputImageParameters.names)
    if isFile {
      try Self.checkFile(tensor, members, contentTypes: contentTypes)
    } else {
      try Self.checkTensor(tensor, members, limits: limits)
    }
    self.init(
      tensor: tensor,
      parameters: try InputImageParameters(
        members, rank: isFile ? nil : entry.shape.count, isSigned: entry.datatype.isSigned))
    if parameters.layout == .hwc, entry.shape.last != 3 {
      throw .invalidArgument("HWC has three colours: [height, width, 3]", path: "inputs[0].shape")
    }
    if tensor.hasNonFinite {
      throw .invalidArgument(
        "the image holds NaN or infinite values: replace them", path: "inputs[0]")
    }
  }

  private static func checkFile(
    _ tensor: Tensor, _ members: Members, contentTypes: Set<String>
  ) throws(ProtocolError) {
    let type = try members.requiredString("content_type")
    guard contentTypes.contains(type) else {
      throw .invalidArgument(
        "content_type must be one of \(contentTypes.sorted().joined(separator: ", "))",
        path: members.path("content_type"),
        suggestion: Suggestion.closest(to: type, among: contentTypes.sorted()))
    }
    guard members["layout"] == nil else {
      throw members.wrong("layout", "a file has its own layout")
    }
    guard !tensor.payload.isEmpty else {
      throw .invalidArgument("the file is empty", path: "inputs[0]")
    }
  }

  private static func checkTensor(
    _ tensor: Tensor, _ members: Members, limits: ProtocolLimits
  ) throws(ProtocolError) {
    let entry = tensor.entry
    guard members["content_type"] == nil else {
      throw members.wrong("content_type", "content_type belongs to BYTES")
    }
    guard (2...3).contains(entry.shape.count) else {
      throw .invalidArgument("an image has rank 2 or 3", path: "inputs[0].shape")
    }
    if let index = entry.shape.firstIndex(of: 0) {
      throw .invalidArgument("an image has no empty side", path: "inputs[0].shape[\(index)]")
    }
    guard let count = entry.elementCount, count <= limits.imageElements else {
      throw .tooLarge(
        limit: "image_elements", maximum: limits.imageElements, actual: entry.elementCount,
        path: "inputs[0].shape")
    }
  }
}

extension Tensor {
  /// Checks the input `mask` of `segment`, but for its shape.
  ///
  /// - Parameter path: of its entry, for messages.
  /// - Throws: `invalid_argument` for another datatype than UINT8 and BOOL, other values than 0 and 1, or
  ///   beside `refine`.
  func checkMask(
    for parameters: SegmentParameters, at path: String
  ) throws(ProtocolError) {
    guard parameters.refine == nil else {
      throw .invalidArgument(
        "send an input \"mask\" or refine an earlier answer, not both", path: "parameters.refine")
    }
    guard entry.datatype == .uint8 || entry.datatype == .bool, entry.parameters.isEmpty else {
      throw .invalidArgument(
        "a mask is UINT8 or BOOL, 0 and 1, without parameters", path: "\(path).datatype")
    }
    let isBinary = payload.withBytes { span in
      span.withUnsafeBytes { bytes in bytes.allSatisfy { $0 <= 1 } }
    }
    guard isBinary else {
      throw .invalidArgument("a mask holds 0 and 1 only", path: path)
    }
  }

  /// Checks the shape of the input `mask` of `segment`.
  ///
  /// `MessageParser` does this where the image comes along as a tensor; where it is a file or a held
  /// image, whoever knows the grid does it.
  ///
  /// - Parameters:
  ///   - gridShape: the image's, `[H, W]` or `[D, H, W]`.
  ///   - path: of its entry, for messages.
  /// - Throws: `invalid_argument` where it is neither the image's nor one for each query.
  public func checkMaskShape(
    for parameters: SegmentParameters, gridShape: [Int], at path: String
  ) throws(ProtocolError) {
    let each = [parameters.queryCount] + gridShape
    guard entry.shape == gridShape || entry.shape == each else {
      throw .invalidArgument(
        "a mask has the image's shape \(gridShape), or one for each query: \(each)",
        path: "\(path).shape")
    }
  }
}

extension Datatype {
  var isSigned: Bool {
    switch self {
    case .int16, .int32, .fp16, .fp32: true
    case .bool, .uint8, .uint16, .bytes: false
    }
  }
}
