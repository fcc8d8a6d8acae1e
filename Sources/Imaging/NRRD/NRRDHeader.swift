/// The header of an NRRD file (https://teem.sourceforge.net/nrrd/format.html).
struct NRRDHeader {
  private var fields: [String: String] = [:]
  /// Where the samples start, if they are in this file.
  private var end = 0

  static func isNRRD(_ start: some Collection<UInt8>) -> Bool {
    start.starts(with: Array("NRRD000".utf8))
  }

  /// - Parameter bytes: the whole file.
  static func read(_ bytes: [UInt8]) throws(ImagingError) -> GridHeader {
    var header = NRRDHeader()
    try header.scan(bytes)
    return try header.grid()
  }

  private mutating func scan(_ bytes: [UInt8]) throws(ImagingError) {
    var text = HeaderText(bytes)
    guard let magic = try text.next(), magic.count == 8, magic.hasPrefix("NRRD000") else {
      throw ImagingError(.malformed, "no NRRD file")
    }
    while let line = try text.next(), !line.isEmpty {
      // Comments; keys and values that somebody added.
      if line.hasPrefix("#") || line.contains(":=") { continue }
      guard let (name, value) = HeaderText.split(line, at: ":") else {
        throw ImagingError(.malformed, "NRRD: \"\(line.prefix(80))\" is no field")
      }
      // Some have two spellings.
      fields[name.lowercased().filter { $0 != " " }] = value
    }
    end = text.at
  }

  private func grid() throws(ImagingError) -> GridHeader {
    let sizes = try HeaderText.integers(try required("sizes"), "sizes")
    guard (1...8).contains(sizes.count), fields["dimension"] == "\(sizes.count)" else {
      throw ImagingError(.malformed, "NRRD: dimension and sizes do not agree")
    }
    guard
      let type = Self.types[
        HeaderText.words(try required("type").lowercased()).joined(separator: " ")]
    else { throw ImagingError(.unsupported, "NRRD: samples of type \(fields["type"] ?? "")") }
    let axes = try axes(sizes)
    let size = axes.spatial.map { sizes[$0] } + [1, 1]
    var grid = GridHeader(
      size: Array(size.prefix(3)), channels: axes.channels, type: type, affine: .radiological(),
      hasSpacing: false, isVolume: axes.spatial.count == 3, place: .here(end))
    (grid.affine, grid.hasSpacing) = try affine(axes.spatial)
    if let file = fields["datafile"] {
      guard HeaderText.words(file).first != "LIST", !file.contains("%") else {
        throw ImagingError(.unsupported, "NRRD: samples in several files")
      }
      grid.place = .file(file)
    }
    switch try required("encoding").lowercased() {
    case "raw": grid.encoding = .raw
    case "gzip", "gz": grid.encoding = .deflated
    case let other: throw ImagingError(.unsupported, "NRRD: encoding \(other); save it as gzip")
    }
    switch (fields["endian"]?.lowercased(), type.width) {
    case ("little", _), (nil, 1): grid.isBigEndian = false
    case ("big", _): grid.isBigEndian = true
    default: throw ImagingError(.malformed, "NRRD: endian must be little or big")
    }
    grid.skippedLines = try HeaderText.integers(fields["lineskip"] ?? "0", "line skip").first ?? 0
    let skip = try HeaderText.integers(fields["byteskip"] ?? "0", "byte skip").first ?? 0
    grid.skippedBytes = skip == -1 && grid.encoding == .raw ? nil : skip
    return grid
  }

  private func required(_ name: String) throws(ImagingError) -> String {
    guard let value = fields[name], !value.isEmpty else {
      throw ImagingError(.malformed, "NRRD: there is no \(name)")
    }
    return value
  }

  /// Which axes are those of space, fastest first; others must be of one sample, or the first the
  /// colours.
  private func axes(_ sizes: [Int]) throws(ImagingError) -> (spatial: [Int], channels: Int) {
    let kinds = fields["kinds"].map(HeaderText.words)
    let directions = try self.directions()
    guard kinds?.count ?? sizes.count == sizes.count,
      directions?.count ?? sizes.count == sizes.count
    else { throw ImagingError(.malformed, "NRRD: not one kind and one direction an axis") }
    var (spatial, channels): ([Int], Int) = ([], 1)
    for axis in sizes.indices {
      let kind = kinds?[axis].lowercased() ?? "domain"
      let isSpace =
        directions.map { $0[axis] != nil } ?? ["domain", "space", "???", "none"].contains(kind)
      if isSpace {
        spatial.append(axis)
      } else if axis == 0, sizes[0] == 3, ["rgb-color", "3-color", "vector"].contains(kind) {
        channels = 3
      } else if sizes[axis] != 1 {
        throw ImagingError(
          .unsupported, "NRRD: axis \(axis) holds \(sizes[axis]) volumes or values: give one volume"
        )
      }
    }
    // Without directions, a fourth axis may be one of a single sample.
    while spatial.count > 3, sizes[spatial[spatial.count - 1]] == 1 { spatial.removeLast() }
    guard (1...3).contains(spatial.count) else {
      throw ImagingError(.unsupported, "NRRD: \(spatial.count) axes in space")
    }
    return (spatial, channels)
  }

  /// Vectors `(x,y,z)` by axis, nil for `none`.
  private func directions() throws(ImagingError) -> [[Double]?]? {
    guard let text = fields["spacedirections"] else { return nil }
    var directions: [[Double]?] = []
    // Spaces may stand within the brackets too.
    for word in text.replacing(")", with: ") ").split(
      separator: " ", omittingEmptySubsequences: true
    )
    .reduce(
      into: [String](),
      { list, word in
        if let last = list.last, last.hasPrefix("("), !last.hasSuffix(")") {
          list[list.count - 1] = last + word
        } else {
          list.append(String(word))
        }
      })
    {
      directions.append(word == "none" ? nil : try Self.vector(word, "space directions"))
    }
    return directions
  }

  private static func vector(_ text: String, _ field: String) throws(ImagingError) -> [Double] {
    guard text.hasPrefix("("), text.hasSuffix(")") else {
      throw ImagingError(.malformed, "NRRD: \(field) should be vectors, not \"\(text.prefix(80))\"")
    }
    return try HeaderText.numbers(
      String(text.dropFirst().dropLast()).replacing(",", with: " "), field)
  }

  private func affine(_ spatial: [Int]) throws(ImagingError) -> (Affine, Bool) {
    guard let directions = try directions() else {
      let given = try fields["spacings"].map { text throws(ImagingError) in
        // NaN where an axis has none.
        try HeaderText.numbers(text.lowercased().replacing("nan", with: "1"), "spacings")
      }
      guard let given, spatial.allSatisfy({ given.indices.contains($0) }) else {
        return (.radiological(), false)
      }
      let spacing = spatial.map { abs(given[$0]) } + [1, 1]
      return (.radiological(spacing: Array(spacing.prefix(3))), true)
    }
    var vectors = spatial.compactMap { directions[$0] }
    let origin = try fields["spaceorigin"].map { text throws(ImagingError) in
      try Self.vector(text.filter { $0 != " " }, "space origin")
    }
    guard vectors.allSatisfy({ $0.count == 3 }), origin?.count ?? 3 == 3 else {
      // Two directions in a plane that is nowhere: its spacing remains.
      guard spatial.count == 2, vectors.allSatisfy({ $0.count == 2 }) else {
        throw ImagingError(.malformed, "NRRD: directions and origin must have three numbers each")
      }
      let lengths = vectors.map { ($0[0] * $0[0] + $0[1] * $0[1]).squareRoot() }
      return (.radiological(spacing: lengths + [1]), true)
    }
    let signs = try signs()
    if vectors.count == 1 { throw ImagingError(.unsupported, "NRRD: a single axis") }
    if vectors.count == 2 {
      let normal = Vector.cross(vectors[0], vectors[1])
      vectors.append(normal.map { $0 / max(Vector.length(normal), .leastNormalMagnitude) })
    }
    let shift = origin ?? [0, 0, 0]
    let rows = (0..<3).map { r in (vectors.map { $0[r] } + [shift[r]]).map { $0 * signs[r] } }
    return (Affine(rows: rows + [[0, 0, 0, 1]]), true)
  }

  /// From the file's space to RAS.
  private func signs() throws(ImagingError) -> [Double] {
    switch fields["space"]?.lowercased() {
    case "right-anterior-superior", "ras": return [1, 1, 1]
    case "left-anterior-superior", "las": return [-1, 1, 1]
    case "left-posterior-superior", "lps": return [-1, -1, 1]
    case let other:
      throw ImagingError(
        .unsupported,
        "NRRD: space \(other ?? "of \(fields["spacedimension"] ?? "no") dimensions") says nothing "
          + "of the patient; save it as left-posterior-superior")
    }
  }

  private static let types: [String: SampleType] = {
    let names: [(SampleType, [String])] = [
      (.int8, ["signed char", "int8", "int8_t"]),
      (.uint8, ["uchar", "unsigned char", "uint8", "uint8_t"]),
      (.int16, ["short", "short int", "signed short", "signed short int", "int16", "int16_t"]),
      (.uint16, ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"]),
      (.int32, ["int", "signed int", "int32", "int32_t"]),
      (.uint32, ["uint", "unsigned int", "uint32", "uint32_t"]),
      (
        .int64,
        [
          "longlong", "long long", "long long int", "signed long long", "signed long long int",
          "int64", "int64_t",
        ]
      ),
      (
        .uint64,
        ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"]
      ),
      (.float32, ["float"]), (.float64, ["double"]),
    ]
    return Dictionary(uniqueKeysWithValues: names.flatMap { type, all in all.map { ($0, type) } })
  }()
}
