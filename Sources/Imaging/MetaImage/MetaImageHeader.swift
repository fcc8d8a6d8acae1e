/// The header of a MetaImage file (https://itk.org/Wiki/ITK/MetaIO/Documentation).
///
/// Positions are in LPS mm, as ITK reads them.
struct MetaImageHeader {
  private var fields: [String: String] = [:]
  private var end = 0

  /// It has no magic number: the first key, or the file's name.
  static func isMetaImage(_ start: some Collection<UInt8>, path: String) -> Bool {
    let name = path.lowercased()
    if name.hasSuffix(".mha") || name.hasSuffix(".mhd") { return true }
    return start.starts(with: Array("ObjectType =".utf8))
      || start.starts(with: Array("NDims =".utf8))
  }

  /// - Parameter bytes: the whole file.
  static func read(_ bytes: [UInt8]) throws(ImagingError) -> GridHeader {
    var header = MetaImageHeader()
    try header.scan(bytes)
    return try header.grid()
  }

  /// ElementDataFile ends the header.
  private mutating func scan(_ bytes: [UInt8]) throws(ImagingError) {
    var text = HeaderText(bytes)
    while let line = try text.next() {
      guard let (name, value) = HeaderText.split(line, at: "=") else {
        if HeaderText.trim(line[...]).isEmpty { continue }
        throw ImagingError(.malformed, "MetaImage: \"\(line.prefix(80))\" is no field")
      }
      fields[name] = value
      if name == "ElementDataFile" {
        end = text.at
        return
      }
    }
    throw ImagingError(.malformed, "MetaImage: there is no ElementDataFile")
  }

  private func grid() throws(ImagingError) -> GridHeader {
    guard fields["ObjectType"] ?? "Image" == "Image" else {
      throw ImagingError(.unsupported, "MetaImage: an object of type \(fields["ObjectType"] ?? "")")
    }
    guard let dimensions = fields["NDims"].flatMap({ Int($0) }), (2...4).contains(dimensions)
    else { throw ImagingError(.unsupported, "MetaImage: \(fields["NDims"] ?? "no") axes") }
    let sizes = try HeaderText.integers(fields["DimSize"] ?? "", "DimSize")
    guard sizes.count == dimensions else {
      throw ImagingError(.malformed, "MetaImage: NDims and DimSize do not agree")
    }
    guard dimensions < 4 || sizes[3] == 1 else {
      throw ImagingError(.unsupported, "MetaImage: \(sizes[3]) volumes: give one volume")
    }
    guard let type = Self.types[fields["ElementType"] ?? ""] else {
      throw ImagingError(
        .unsupported, "MetaImage: samples of type \(fields["ElementType"] ?? "unknown")")
    }
    guard isTrue("BinaryData", or: true) else {
      throw ImagingError(.unsupported, "MetaImage: samples as text; save them as binary data")
    }
    let channels = Int(fields["ElementNumberOfChannels"] ?? "1") ?? 0
    guard channels == 1 || channels == 3 else {
      throw ImagingError(.unsupported, "MetaImage: \(channels) values a voxel")
    }
    let (affine, hasSpacing) = try affine(dimensions)
    var grid = GridHeader(
      size: Array((sizes + [1]).prefix(3)), channels: channels, type: type, affine: affine,
      hasSpacing: hasSpacing, isVolume: dimensions > 2, place: .here(end))
    switch fields["ElementDataFile"] ?? "" {
    case "LOCAL", "Local", "local": break
    case let name where name.hasPrefix("LIST") || name.contains("%"):
      throw ImagingError(.unsupported, "MetaImage: samples in several files")
    case let name: grid.place = .file(name)
    }
    grid.isBigEndian =
      isTrue("BinaryDataByteOrderMSB", or: false) || isTrue("ElementByteOrderMSB", or: false)
    grid.encoding = isTrue("CompressedData", or: false) ? .deflated : .raw
    let skip = Int(fields["HeaderSize"] ?? "0") ?? 0
    grid.skippedBytes = skip == -1 ? nil : skip
    return grid
  }

  private func isTrue(_ name: String, or usual: Bool) -> Bool {
    guard let first = fields[name]?.lowercased().first else { return usual }
    return first == "t" || first == "1"
  }

  private func first(_ names: [String]) -> (name: String, value: String)? {
    for name in names { if let value = fields[name] { return (name, value) } }
    return nil
  }

  private func numbers(_ names: [String], count: Int) throws(ImagingError) -> [Double]? {
    guard let (name, value) = first(names) else { return nil }
    let numbers = try HeaderText.numbers(value, name)
    guard numbers.count == count else {
      throw ImagingError(
        .malformed, "MetaImage: \(name) has \(numbers.count) numbers, not \(count)")
    }
    return numbers
  }

  /// Each line of the TransformMatrix is one axis' direction.
  private func affine(_ count: Int) throws(ImagingError) -> (Affine, Bool) {
    let spacing = try numbers(["ElementSpacing", "ElementSize"], count: count)
    let offset = try numbers(["Offset", "Position", "Origin"], count: count) ?? []
    let matrix = try numbers(["TransformMatrix", "Rotation", "Orientation"], count: count * count)
    let lengths = ((spacing ?? []) + [1, 1, 1]).prefix(3).map(abs)
    guard count > 2 else {
      // A plane that is nowhere in the patient.
      return (.radiological(spacing: [lengths[0], lengths[1], 1]), spacing != nil)
    }
    let axes: [[Double]]
    if let matrix {
      axes = (0..<3).map { Array(matrix[$0 * count..<$0 * count + 3]) }
    } else {
      axes = anatomical ?? [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    }
    let shift = offset.isEmpty ? [0, 0, 0] : offset
    let rows = (0..<3).map { r in
      ((0..<3).map { axes[$0][r] * lengths[$0] } + [shift[r]]).map { r < 2 ? -$0 : $0 }
    }
    return (Affine(rows: rows + [[0, 0, 0, 1]]), spacing != nil || matrix != nil)
  }

  /// AnatomicalOrientation, where there is no matrix: from which side each axis comes (RAI: from
  /// right to left, front to back, below to above), as directions in LPS.
  private var anatomical: [[Double]]? {
    guard let letters = fields["AnatomicalOrientation"]?.uppercased(), letters.count == 3,
      let from = Orientation(letters.compactMap { Direction(rawValue: String($0)) })
    else { return nil }
    return from.directions.map { direction in
      var axis = [0.0, 0, 0]
      // Positive in RAS is where it comes from: in LPS it goes up in x and y, down in z.
      let goesUp = direction.axis < 2 ? direction.isPositive : !direction.isPositive
      axis[direction.axis] = goesUp ? 1 : -1
      return axis
    }
  }

  private static let types: [String: SampleType] = [
    "MET_CHAR": .int8, "MET_UCHAR": .uint8, "MET_SHORT": .int16, "MET_USHORT": .uint16,
    "MET_INT": .int32, "MET_UINT": .uint32, "MET_LONG": .int32, "MET_ULONG": .uint32,
    "MET_LONG_LONG": .int64, "MET_ULONG_LONG": .uint64, "MET_FLOAT": .float32,
    "MET_DOUBLE": .float64,
  ]
}
