public import JSONC

extension InputImageParameters {
  static let names = ["layout", "modality", "intensity", "affine", "spacing_mm", "content_type"]

  /// - Parameters:
  ///   - rank: of the tensor, 2 or 3; nil for a file.
  ///   - isSigned: whether the datatype has a sign, which decides the default intensity of CT.
  init(_ members: Members, rank: Int?, isSigned: Bool) throws(ProtocolError) {
    layout = try members.choice("layout", Layout.self)
    switch (rank, layout) {
    case (2, nil): layout = .hw
    case (3, nil): throw members.wrong("layout", "layout is needed at rank 3: HWC or DHW")
    case (2, .hwc), (2, .dhw), (3, .hw):
      throw members.wrong("layout", "the layout does not fit the shape's rank")
    default: break
    }
    modality = try Self.modality(members)
    intensity = try members.choice("intensity", Intensity.self)
    if intensity == nil, rank != nil {
      intensity = modality == "CT" && isSigned ? .hounsfield : .raw
    }
    affine = try Self.affine(members)
    spacing = try Self.spacing(members, needsDepth: layout == .dhw)
    contentType = try members.string("content_type")
    if let affine, let spacing { try Self.compare(affine, spacing, members) }
  }

  /// A DICOM term: upper-case letters.
  private static func modality(_ members: Members) throws(ProtocolError) -> String? {
    guard let text = try members.string("modality") else { return nil }
    let isTerm =
      (1...16).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
      }
    guard isTerm else {
      throw members.wrong("modality", "modality must be one of DICOM's terms, as CT, MR or US")
    }
    return text
  }

  private static func spacing(
    _ members: Members, needsDepth: Bool
  ) throws(ProtocolError) -> [Double]? {
    guard let value = members["spacing_mm"] else { return nil }
    let path = members.path("spacing_mm")
    let spacing = try Members.numbers(
      value, counts: needsDepth ? [3] : [2, 3], bound: 10_000, at: path)
    for (index, length) in spacing.enumerated() where length < 1e-6 {
      throw .invalidArgument("a spacing must be over 0", path: "\(path)[\(index)]")
    }
    return spacing
  }

  private static func affine(_ members: Members) throws(ProtocolError) -> [[Double]]? {
    guard let rows = try members.array("affine") else { return nil }
    let path = members.path("affine")
    guard rows.count == 4 else {
      throw .invalidArgument("affine must be four rows of four numbers", path: path)
    }
    var affine: [[Double]] = []
    for (index, row) in rows.enumerated() {
      affine.append(
        try Members.numbers(row, counts: [4], bound: 1_000_000, at: "\(path)[\(index)]"))
    }
    guard affine[3] == [0, 0, 0, 1] else {
      throw .invalidArgument("the last row of an affine is [0, 0, 0, 1]", path: "\(path)[3]")
    }
    let (a, b, c) = (affine[0], affine[1], affine[2])
    let volume =
      a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
      + a[2] * (b[0] * c[1] - b[1] * c[0])
    guard abs(volume) > 1e-12 else {
      throw .invalidArgument("the affine cannot be inverted", path: path)
    }
    return affine
  }

  /// Both may be given, but must say the same: a wrong scale is a wrong measurement.
  private static func compare(
    _ affine: [[Double]], _ spacing: [Double], _ members: Members
  ) throws(ProtocolError) {
    for (axis, length) in spacing.enumerated() {
      let column = (0..<3).reduce(0) { $0 + affine[$1][axis] * affine[$1][axis] }.squareRoot()
      guard abs(column - length) <= 1e-3 * length else {
        throw members.wrong("spacing_mm[\(axis)]", "spacing_mm contradicts affine: send one")
      }
    }
  }

  public var json: JSONObject {
    var object: JSONObject = [:]
    if let layout { object["layout"] = .string(layout.rawValue) }
    if let modality { object["modality"] = .string(modality) }
    if let intensity { object["intensity"] = .string(intensity.rawValue) }
    if let affine { object["affine"] = .array(affine.map { JSONValue($0) }) }
    if let spacing { object["spacing_mm"] = JSONValue(spacing) }
    if let contentType { object["content_type"] = .string(contentType) }
    return object
  }
}
