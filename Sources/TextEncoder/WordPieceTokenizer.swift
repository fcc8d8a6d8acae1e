import Foundation

/// BERT's uncased WordPiece tokenizer, equal to Hugging Face's `tokenizers` token by token.
///
/// Source: Wu et al., arXiv 1609.08144; Devlin et al., arXiv 1810.04805.
public struct WordPieceTokenizer: Sendable {
  /// Tokens a text, the two special ones around it included.
  public static let maximumLength = 256
  /// Words longer than this, in Unicode scalars, are unknown as a whole.
  static let maximumWordLength = 100

  /// The tokens by id.
  public let vocabulary: [String]
  // By bytes: Swift's strings are equal when they are canonically equivalent, tokens are not.
  private let ids: [[UInt8]: Int32]
  private let special: [(text: [Unicode.Scalar], id: Int32)]
  private let unknown: Int32
  private let start: Int32
  private let end: Int32
  /// The id with which shorter texts of a batch are filled up.
  public let padding: Int32

  /// Reads `vocab.txt`: a token a line, its number the id.
  ///
  /// - Throws: `TextEncoderError.missing` or `.invalid`.
  public init(vocabularyFile path: String) throws(TextEncoderError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .missing(path: path, reason: "cannot be read")
    }
    guard data.count <= 16 << 20 else { throw .invalid(path: path, reason: "over 16 MiB") }
    var lines = data.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
    if lines.last?.isEmpty == true { lines.removeLast() }
    try self.init(tokens: lines, path: path)
  }

  private init(tokens: [[UInt8]], path: String) throws(TextEncoderError) {
    var ids: [[UInt8]: Int32] = [:]
    ids.reserveCapacity(tokens.count)
    for (id, token) in tokens.enumerated() {
      guard ids.updateValue(Int32(id), forKey: token) == nil else {
        throw .invalid(path: path, reason: "line \(id + 1) repeats an earlier token")
      }
    }
    func id(_ name: String) throws(TextEncoderError) -> Int32 {
      guard let id = ids[Array(name.utf8)] else {
        throw .invalid(path: path, reason: "has no \(name)")
      }
      return id
    }
    padding = try id("[PAD]")
    unknown = try id("[UNK]")
    start = try id("[CLS]")
    end = try id("[SEP]")
    var special: [(text: [Unicode.Scalar], id: Int32)] = []
    for name in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
      special.append((Array(name.unicodeScalars), try id(name)))
    }
    self.special = special
    self.ids = ids
    vocabulary = tokens.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The ids of a text: `[CLS]`, at most 254 pieces, `[SEP]`. The rest of a longer text is cut off.
  public func encode(_ text: String) -> [Int32] {
    var result = [start]
    let scalars = text.unicodeScalars
    // Special tokens written out in a text are taken as such, as the reference library does.
    var from = scalars.startIndex
    var at = from
    while at < scalars.endIndex, result.count < Self.maximumLength - 1 {
      if scalars[at] == "[",
        let found = special.first(where: { scalars[at...].starts(with: $0.text) })
      {
        append(scalars[from..<at], to: &result)
        result.append(found.id)
        at = scalars.index(at, offsetBy: found.text.count)
        from = at
      } else {
        at = scalars.index(after: at)
      }
    }
    append(scalars[from..<at], to: &result)
    if result.count > Self.maximumLength - 1 {
      result.removeLast(result.count - (Self.maximumLength - 1))
    }
    result.append(end)
    return result
  }

  /// The tokens of a text as they are written in the vocabulary.
  public func tokens(of text: String) -> [String] { encode(text).map { vocabulary[Int($0)] } }

  private func append(_ text: Substring.UnicodeScalarView, to result: inout [Int32]) {
    for word in BasicTokenizer.words(of: text) {
      guard result.count < Self.maximumLength - 1 else { return }
      append(word: word, to: &result)
    }
  }

  /// Cuts a word greedily into the longest pieces that the vocabulary has, from the left.
  private func append(word: [Unicode.Scalar], to result: inout [Int32]) {
    guard word.count <= Self.maximumWordLength else { return result.append(unknown) }
    var pieces: [Int32] = []
    var from = 0
    while from < word.count {
      var piece: [UInt8] = from == 0 ? [] : [35, 35]  // "##"
      var lengths: [Int] = []
      for scalar in word[from...] {
        piece.append(contentsOf: UTF8.encode(scalar)!)
        lengths.append(piece.count)
      }
      var found: Int32?
      while let length = lengths.last {
        piece.removeLast(piece.count - length)
        found = ids[piece]
        if found != nil { break }
        lengths.removeLast()
      }
      guard let found else { return result.append(unknown) }
      pieces.append(found)
      from += lengths.count
    }
    result.append(contentsOf: pieces)
  }
}
