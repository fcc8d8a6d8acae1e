/// Whether a DICOM file's elements lie within one another and within the file, PS3.5 chapter 7.
///
/// DCMTK recurses as deep as sequences are nested and has no bound for it: a file of 160 KB overflows
/// its stack. So a file is walked here first, without recursion, and what is not regular or too
/// deep is refused. Only the headers of elements are looked at.
struct DICOMStructure: Sendable {
  let syntax: DICOMTransferSyntax
  let fileSize: Int

  /// Far more than real files have.
  static let maxDepth = 16, maxElements = 1 << 20

  /// Whether the file says that it is DICOM: 128 bytes of anything, then `DICM` (PS3.10 chapter 7).
  static func isDICOM(_ start: some Collection<UInt8>) -> Bool {
    start.dropFirst(128).starts(with: [0x44, 0x49, 0x43, 0x4d])
  }

  /// - Parameter withPixels: to the end, else up to the pixel data.
  init(path: String, withPixels: Bool) throws(ImagingError) {
    let file = try FileWindow(path: path)
    guard Self.isDICOM(file.bytes(at: 0, count: 132) ?? []) else {
      throw ImagingError(.malformed, "no DICOM file")
    }
    var walk = DICOMWalk(file: file)
    syntax = try walk.metaHeader()
    fileSize = file.size
    guard !syntax.isDeflated else {
      throw ImagingError(.unsupported, "transfer syntax \(syntax.name) is not read here")
    }
    try walk.dataSet(syntax, withPixels: withPixels)
  }
}

/// The way through a file's elements.
private struct DICOMWalk {
  private enum Kind { case dataSet, item, sequence, fragments }
  private struct Scope {
    var kind: Kind
    /// Nil: until a delimiter.
    var end: Int?
    /// Where it must have ended.
    var limit: Int
    var isImplicit: Bool
  }

  private struct Header {
    var tag: DICOMTag
    /// Nil in implicit VR.
    var vr: String?
    /// Nil: undefined.
    var length: Int?
    var value: Int
  }

  private let file: FileWindow
  private var isBigEndian = false
  private var at = 132, count = 0
  private var scopes: [Scope] = []

  init(file: FileWindow) { self.file = file }

  private static let long: Set<String> = [
    "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
  ]
  private static let short: Set<String> = [
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL",
    "SS", "ST", "TM", "UI", "UL", "US",
  ]

  /// Group 2, always little-endian with explicit VR.
  mutating func metaHeader() throws(ImagingError) -> DICOMTransferSyntax {
    var syntax: DICOMTransferSyntax?
    while let group = file.uint16(at: at, isBigEndian: false), group == 2 {
      let header = try header(isImplicit: false)
      guard header.vr != "SQ", let length = header.length, length <= file.size - header.value else {
        throw broken("the meta header is damaged")
      }
      if header.tag == .transferSyntax,
        let text = file.bytes(at: header.value, count: min(length, 64))
      {
        let uid = text.prefix { $0 != 0 && $0 != 0x20 }
        syntax = DICOMTransferSyntax(uid: String(decoding: uid, as: UTF8.self))
      }
      at = header.value + length
    }
    guard let syntax else { throw broken("the meta header names no transfer syntax") }
    return syntax
  }

  mutating func dataSet(
    _ syntax: DICOMTransferSyntax, withPixels: Bool
  ) throws(ImagingError) {
    isBigEndian = syntax.isBigEndian
    scopes = [
      Scope(kind: .dataSet, end: file.size, limit: file.size, isImplicit: syntax.isImplicit)
    ]
    while let scope = scopes.last {
      if let end = scope.end, at >= end {
        guard at == end else { throw broken("an element is longer than what it lies in") }
        scopes.removeLast()
      } else if scope.kind == .dataSet || scope.kind == .item {
        if try !element(in: scope, withPixels: withPixels) { return }
      } else {
        try item(in: scope)
      }
    }
  }

  /// An item of a sequence, a fragment of compressed pixels, or their end.
  private mutating func item(in scope: Scope) throws(ImagingError) {
    let header = try header(isImplicit: true)
    if header.tag == .sequenceEnd, scope.end == nil {
      scopes.removeLast()
      at = header.value
      return
    }
    guard header.tag == .item else { throw broken("a sequence holds something else than items") }
    if scope.kind == .fragments {
      guard let length = header.length else { throw broken("a fragment has no length") }
      at = try end(of: header, length, in: scope)
    } else {
      try enter(.item, header, in: scope, isImplicit: scope.isImplicit)
    }
  }

  /// - Returns: false at the pixel data, if they are not wanted.
  private mutating func element(in scope: Scope, withPixels: Bool) throws(ImagingError) -> Bool {
    let header = try header(isImplicit: scope.isImplicit)
    if header.tag == .itemEnd, scope.kind == .item, scope.end == nil {
      scopes.removeLast()
      at += 8
      return true
    }
    guard header.tag.group != 0xfffe else {
      throw broken("a delimiter where there is nothing to end")
    }
    if header.tag == .pixelData, !withPixels, scopes.count == 1 { return false }
    switch (header.vr, header.length) {
    case ("SQ", _): try enter(.sequence, header, in: scope, isImplicit: scope.isImplicit)
    // PS3.5 section 6.2.2: a sequence in implicit VR.
    case ("UN", nil), (nil, nil): try enter(.sequence, header, in: scope, isImplicit: true)
    case ("OB", nil), ("OW", nil): try enter(.fragments, header, in: scope, isImplicit: true)
    case (_, nil): throw broken("an element has no length")
    case (nil, let length?) where header.tag != .pixelData && length >= 8 && startsItem(header):
      try enter(.sequence, header, in: scope, isImplicit: true)
    case (_, let length?): at = try end(of: header, length, in: scope)
    }
    return true
  }

  private func startsItem(_ header: Header) -> Bool {
    file.uint16(at: header.value, isBigEndian: isBigEndian) == DICOMTag.item.group
      && file.uint16(at: header.value + 2, isBigEndian: isBigEndian) == DICOMTag.item.element
  }

  private mutating func enter(
    _ kind: Kind, _ header: Header, in scope: Scope, isImplicit: Bool
  ) throws(ImagingError) {
    var end: Int?
    if let length = header.length { end = try self.end(of: header, length, in: scope) }
    guard scopes.count < 2 * DICOMStructure.maxDepth else {
      throw ImagingError(
        .tooLarge, "sequences nested deeper than \(DICOMStructure.maxDepth) are not read")
    }
    scopes.append(
      Scope(kind: kind, end: end, limit: end ?? scope.limit, isImplicit: isImplicit))
    at = header.value
  }

  private func end(of header: Header, _ length: Int, in scope: Scope) throws(ImagingError) -> Int {
    guard length <= scope.limit - header.value else {
      throw broken("the file ends early, or an element is longer than what it lies in")
    }
    return header.value + length
  }

  /// The element's header at the current place, which stays where it is.
  private mutating func header(isImplicit: Bool) throws(ImagingError) -> Header {
    count += 1
    guard count <= DICOMStructure.maxElements else {
      throw ImagingError(.tooLarge, "more than \(DICOMStructure.maxElements) elements")
    }
    guard let group = file.uint16(at: at, isBigEndian: isBigEndian),
      let element = file.uint16(at: at + 2, isBigEndian: isBigEndian)
    else { throw broken("the file ends within an element") }
    let tag = DICOMTag(group, element)
    if isImplicit || group == 0xfffe {
      return Header(tag: tag, vr: nil, length: try length(at: at + 4), value: at + 8)
    }
    guard let letters = file.bytes(at: at + 4, count: 2) else {
      throw broken("the file ends within an element")
    }
    let vr = String(decoding: letters, as: UTF8.self)
    if Self.long.contains(vr) {
      return Header(tag: tag, vr: vr, length: try length(at: at + 8), value: at + 12)
    }
    guard Self.short.contains(vr), let length = file.uint16(at: at + 6, isBigEndian: isBigEndian)
    else { throw broken("an element is of no known kind (VR)") }
    return Header(tag: tag, vr: vr, length: Int(length), value: at + 8)
  }

  private func length(at offset: Int) throws(ImagingError) -> Int? {
    guard let length = file.uint32(at: offset, isBigEndian: isBigEndian) else {
      throw broken("the file ends within an element")
    }
    return length == .max ? nil : Int(length)
  }

  private func broken(_ what: String) -> ImagingError {
    ImagingError(.malformed, "DICOM: \(what) (byte \(at))")
  }
}
