import BusProtocol
import Imaging
import SegSAM
import Vocabulary

/// The queries of a `segment` request, checked against vocabulary and image.
struct QueryPlan: Sendable {
  var queries: [Query]
  /// What the client wrote for each; nil where it wrote nothing.
  var texts: [String?]

  /// - Throws: `unknown_category`, `invalid_argument`.
  init(
    _ parameters: SegmentParameters, image: MedicalImage, lookup: CategoryLookup
  ) throws(ProtocolError) {
    var subjects: [QuerySubject] = []
    texts = parameters.categories
    for text in parameters.categories { subjects.append(.category(try lookup.category(text))) }
    if let text = parameters.freeText {
      try Self.checkScript(text)
      subjects.append(.freeText(text))
      texts.append(text)
    }
    if subjects.isEmpty {
      subjects = Array(repeating: .unnamed, count: parameters.queryCount)
      texts = Array(repeating: nil, count: parameters.queryCount)
    }
    // Of a tensor these were checked on arrival; of a file or a held image they could not be.
    try parameters.check(gridShape: image.gridShape)
    queries = subjects.enumerated().map { n, subject in
      Query(
        subject, box: parameters.box(ofQuery: n).map(Box.init),
        clicks: parameters.points(ofQuery: n).map {
          Click(at: $0.at, isPositive: $0.isPositive)
        })
    }
  }

  /// The text encoder knows English only (protocol: `free_text`).
  private static func checkScript(_ text: String) throws(ProtocolError) {
    let letters = text.unicodeScalars.filter(\.properties.isAlphabetic)
    guard let foreign = letters.first(where: { !isLatin($0) }) else {
      if letters.isEmpty {
        throw .invalidArgument("free_text needs words", path: "parameters.free_text")
      }
      return
    }
    throw .invalidArgument(
      "free_text must be English: \"\(foreign)\" is not a Latin letter; "
        + "names in other languages go in categories", path: "parameters.free_text")
  }

  private static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x41...0x5a, 0x61...0x7a, 0xaa, 0xb5, 0xba, 0xc0...0x2af: true
    case 0x300...0x36f, 0x1e00...0x1eff, 0x2c60...0x2c7f, 0xfb00...0xfb06: true
    default: false
    }
  }
}
