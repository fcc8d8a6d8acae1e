import Foundation
import NeuralGraph
import OpenVINORuntime
import Synchronization

/// Turns English sentences into vectors, with all-MiniLM-L6-v2.
///
/// Computed in 32 bits, each text by itself: a vector never depends on the other texts of a call.
/// Vectors are kept on disk when there is a cache. Calls block: never call from Swift's cooperative
/// threads.
public final class TextEncoder: Sendable {
  /// Numbers a vector.
  public static let width = MiniLM.width

  /// Names this encoder's weights and vocabulary; part of the cache's keys.
  public let id: String
  public let tokenizer: WordPieceTokenizer
  private let weights: SafetensorsFile
  private let cache: TextVectorCache?
  private let threads: Int?
  private let requests = Mutex<[Int: InferRequest]>([:])

  /// Token counts for which a network is compiled, at first need; a text takes the smallest that
  /// holds it.
  static let lengths = [16, 32, 64, 128, 256]

  /// Opens the encoder's files.
  ///
  /// - Parameters:
  ///   - directory: holds `model.safetensors` and `vocab.txt`; by default as `findDirectory` says.
  ///   - cache: where vectors are kept; nil keeps none.
  ///   - threads: how many a run may use; nil leaves it to OpenVINO.
  /// - Throws: `TextEncoderError` `.missing` or `.invalid`.
  public init(
    directory: String? = nil, cache: TextVectorCache? = .standard, threads: Int? = nil
  ) throws(TextEncoderError) {
    let folder: String
    if let directory { folder = directory } else { folder = try Self.findDirectory() }
    let path = "\(folder)/model.safetensors"
    tokenizer = try WordPieceTokenizer(vocabularyFile: "\(folder)/vocab.txt")
    do {
      weights = try SafetensorsFile(path: path)
    } catch {
      throw error.code == .file
        ? .missing(path: path, reason: error.message)
        : .invalid(path: path, reason: error.message)
    }
    guard let table = weights.entries[MiniLM.wordTable],
      table.shape == [tokenizer.vocabulary.count, MiniLM.width]
    else {
      throw .invalid(path: path, reason: "\(MiniLM.wordTable) does not fit the vocabulary")
    }
    id = try Self.identify(weights, tokenizer, path)
    self.cache = cache
    self.threads = threads
  }

  /// The vectors of texts, `[384]` each and of length 1, in order.
  ///
  /// A text of more than 256 tokens is cut off.
  ///
  /// - Throws: `TextEncoderError.runtime`.
  public func encode(_ texts: [String]) throws(TextEncoderError) -> [[Float]] {
    var known: [[UInt8]: [Float]] = [:]
    var result: [[Float]] = []
    for text in texts {
      // By bytes: canonically equivalent strings are equal in Swift, and may differ here.
      let bytes = Array(text.utf8)
      let vector: [Float]
      if let earlier = known[bytes] {
        vector = earlier
      } else if let kept = cache?.vector(of: text, encoder: id) {
        vector = kept
      } else {
        vector = try compute(text)
        cache?.keep(vector, of: text, encoder: id)
      }
      known[bytes] = vector
      result.append(vector)
    }
    return result
  }

  /// The vector of a free description, which must be in Latin letters.
  ///
  /// - Throws: `TextEncoderError.script` or `.empty` for a text that this encoder cannot read.
  public func encode(freeText text: String) throws(TextEncoderError) -> [Float] {
    try LatinScript.check(text)
    let vectors = try encode([text])
    return vectors[0]
  }

  private func compute(_ text: String) throws(TextEncoderError) -> [Float] {
    let ids = tokenizer.encode(text)
    let length = Self.lengths.first { $0 >= ids.count } ?? WordPieceTokenizer.maximumLength
    let request = try request(length)
    let mean: [Float]?
    do {
      let rows = try weights.rows(MiniLM.wordTable, ids.map(Int.init))
      let empty = length - ids.count
      let words = rows + [Float](repeating: 0, count: empty * MiniLM.width)
      let mask =
        [Float](repeating: 0, count: ids.count) + [Float](repeating: -1e9, count: empty)
      let share =
        [Float](repeating: 1 / Float(ids.count), count: ids.count)
        + [Float](repeating: 0, count: empty)
      mean = try request.infer(inputs: [
        "words": TensorValue(words, shape: [1, length, MiniLM.width]),
        "mask": TensorValue(mask, shape: [1, 1, 1, length]),
        "share": TensorValue(share, shape: [1, length, 1]),
      ])["mean"]?.floats
    } catch {
      throw .runtime("\(error)")
    }
    guard let mean, mean.count == MiniLM.width else { throw .runtime("no vector came back") }
    let norm = mean.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm.isFinite, norm > 0 else { throw .runtime("the vector is not finite") }
    return mean.map { Float(Double($0) / norm) }
  }

  private func request(_ length: Int) throws(TextEncoderError) -> InferRequest {
    try requests.withLock { known throws(TextEncoderError) in
      if let request = known[length] { return request }
      do {
        let graph = try MiniLM.graph(length: length)
        var values: [String: (shape: [Int], values: [Float])] = [:]
        for node in graph.parameters { values[node.name] = try weights.floats(node.name) }
        let options = CompileOptions(precision: .float32, threads: threads)
        let request = try OpenVINO.load()
          .compile(graph, weights: values, options: options).makeRequest()
        known[length] = request
        return request
      } catch {
        throw TextEncoderError.runtime("\(error)")
      }
    }
  }
}
