import Foundation
import NeuralGraph

extension TextEncoder {
  /// The directory of the encoder's files: `SEGSAM_MINILM_DIR`, else `.deps/minilm` in or above the
  /// working directory or the executable's.
  ///
  /// - Throws: `TextEncoderError.missing`.
  public static func findDirectory() throws(TextEncoderError) -> String {
    let environment = ProcessInfo.processInfo.environment
    if let asked = environment["SEGSAM_MINILM_DIR"], !asked.isEmpty {
      guard holdsFiles(asked) else {
        throw .missing(path: asked, reason: "no model.safetensors and vocab.txt there")
      }
      return asked
    }
    var starts = [FileManager.default.currentDirectoryPath]
    if let executable = Bundle.main.executableURL {
      starts.append(executable.resolvingSymlinksInPath().deletingLastPathComponent().path)
    }
    for start in starts {
      var parts = start.split(separator: "/")
      while !parts.isEmpty {
        let folder = "/\(parts.joined(separator: "/"))/.deps/minilm"
        if holdsFiles(folder) { return folder }
        parts.removeLast()
      }
    }
    throw .missing(path: ".deps/minilm", reason: "not found in or above \(starts[0])")
  }

  private static func holdsFiles(_ folder: String) -> Bool {
    ["model.safetensors", "vocab.txt"].allSatisfy {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)")
    }
  }

  /// Hashes what decides a vector: the vocabulary, and of the weights the layout and a few rows.
  ///
  /// Not all of the weights, which would take seconds at each start: a retrained model differs in
  /// every one of them.
  static func identify(
    _ weights: SafetensorsFile, _ tokenizer: WordPieceTokenizer, _ path: String
  ) throws(TextEncoderError) -> String {
    var hash = SHA256()
    hash.update(Array("segsam-minilm-1\n".utf8))
    hash.update(Array(tokenizer.vocabulary.joined(separator: "\n").utf8))
    do {
      for name in weights.names {
        guard let entry = weights.entries[name], entry.type == .f32 else { continue }
        hash.update(Array("\n\(name) \(entry.shape) ".utf8))
        let sample =
          entry.shape.count == 2
          ? try weights.rows(name, [0, entry.shape[0] / 2]) : try weights.floats(name).values
        for value in sample.prefix(64) {
          withUnsafeBytes(of: value.bitPattern.littleEndian) { hash.update(Array($0)) }
        }
      }
    } catch {
      throw .invalid(path: path, reason: "\(error)")
    }
    return hash.finish().prefix(16).map { hexadecimal($0) }.joined()
  }
}

func hexadecimal(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16)
  return byte < 16 ? "0\(digits)" : digits
}
