/// How a file's data set and pixels are encoded, PS3.5 chapter 10 and PS3.6 annex A.
struct DICOMTransferSyntax: Sendable, Hashable {
  let uid: String

  var isImplicit: Bool { uid == "1.2.840.10008.1.2" }
  var isBigEndian: Bool { uid == "1.2.840.10008.1.2.2" }
  var isDeflated: Bool { uid == "1.2.840.10008.1.2.1.99" }
  /// Whether the pixels come as they are.
  var isNative: Bool { isImplicit || isBigEndian || uid == "1.2.840.10008.1.2.1" }
  /// Whether there is a decoder for its pixels.
  var isDecoded: Bool { isNative || Self.decoded.contains(uid) }

  var name: String {
    if let name = Self.names[uid] { return "\(name) (\(uid))" }
    return uid.isEmpty ? "none" : uid
  }

  /// RLE; JPEG baseline, extended, spectral selection, progressive, lossless; JPEG-LS.
  private static let decoded: Set<String> = [
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",
  ]
  private static let names = [
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 lossless", "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.92": "JPEG 2000 multi-component lossless",
    "1.2.840.10008.1.2.4.93": "JPEG 2000 multi-component",
    "1.2.840.10008.1.2.4.94": "JPIP", "1.2.840.10008.1.2.4.95": "JPIP deflated",
    "1.2.840.10008.1.2.4.100": "MPEG-2", "1.2.840.10008.1.2.4.101": "MPEG-2 high level",
    "1.2.840.10008.1.2.4.102": "MPEG-4 AVC", "1.2.840.10008.1.2.4.103": "MPEG-4 AVC for BD",
    "1.2.840.10008.1.2.4.107": "HEVC", "1.2.840.10008.1.2.4.108": "HEVC 10 bit",
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless RPCL", "1.2.840.10008.1.2.4.203": "HTJ2K",
  ]
}
