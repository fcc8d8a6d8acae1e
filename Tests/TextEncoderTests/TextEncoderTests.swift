import Foundation
import NeuralGraph
import OpenVINORuntime
import Testing

@testable import TextEncoder

/// Whether the encoder's files are there, and an OpenVINO to run it.
let canEncode: Bool = {
  guard Fixtures.model != nil else { return false }
  do {
    _ = try OpenVINO.load()
    return true
  } catch {
    return (error as? OpenVINOError)?.code != .missing
  }
}()

@Suite("TextEncoder", .enabled(if: canEncode, "run ./bootstrap for the encoder and OpenVINO"))
struct TextEncoderTests {
  static let encoder = Result {
    try TextEncoder(directory: Fixtures.model, cache: nil, threads: 2)
  }

  @Test("gives the reference's vectors within 1e-4")
  func equalsReference() throws {
    let encoder = try Self.encoder.get()
    let file = try SafetensorsFile(
      path: Fixtures.folder.appendingPathComponent("vectors.safetensors").path)
    let reference = try file.floats("vectors")
    #expect(reference.shape == [Fixtures.sentences.count, TextEncoder.width])
    let vectors = try encoder.encode(Fixtures.sentences.map(\.text))
    var worst: Float = 0
    for (index, vector) in vectors.enumerated() {
      let wanted = reference.values[index * TextEncoder.width..<(index + 1) * TextEncoder.width]
      let difference = zip(vector, wanted).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference < 1e-4, "\(Fixtures.sentences[index].text.debugDescription)")
      worst = max(worst, difference)
    }
    #expect(worst > 0 && worst < 1e-5)
  }

  @Test("gives a text the same vector whatever else is asked")
  func independent() throws {
    let encoder = try Self.encoder.get()
    let alone = try encoder.encode(["The pancreas lies across the posterior wall."])
    let together = try encoder.encode([
      "liver", String(repeating: "long ", count: 100),
      "The pancreas lies across the posterior wall.", "",
    ])
    #expect(alone[0].map(\.bitPattern) == together[2].map(\.bitPattern))
  }

  @Test("keeps vectors, and does without damaged ones")
  func cache() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("text-cache-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let cache = TextVectorCache(directory: directory)
    let encoder = try TextEncoder(directory: Fixtures.model, cache: cache, threads: 1)
    let path = cache.path("spleen", encoder.id)
    #expect(cache.vector(of: "spleen", encoder: encoder.id) == nil)
    let first = try encoder.encode(["spleen"])
    #expect(cache.vector(of: "spleen", encoder: encoder.id) == first[0])
    #expect(cache.vector(of: "spleen", encoder: "another") == nil)

    // What the cache says is taken, so that the network need not run.
    let marked = [Float](repeating: 0.5, count: TextEncoder.width)
    cache.keep(marked, of: "spleen", encoder: encoder.id)
    #expect(try encoder.encode(["spleen", "spleen"]) == [marked, marked])

    for damage in [Data(), Data(repeating: 7, count: 32 + 4 * TextEncoder.width)] {
      try damage.write(to: URL(fileURLWithPath: path))
      #expect(try encoder.encode(["spleen"]) == first)
      #expect(cache.vector(of: "spleen", encoder: encoder.id) == first[0])
    }
    let left = try FileManager.default.contentsOfDirectory(
      atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    #expect(left.count == 1)

    let unwritable = TextVectorCache(directory: "/proc/nowhere")
    let other = try TextEncoder(directory: Fixtures.model, cache: unwritable, threads: 1)
    #expect(other.id == encoder.id)
    unwritable.keep(marked, of: "spleen", encoder: other.id)
    #expect(unwritable.vector(of: "spleen", encoder: other.id) == nil)
  }

  @Test("keeps so many vectors, the newest")
  func bounded() throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("text-cache-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    // Four in each of the 256 folders.
    let cache = TextVectorCache(directory: directory, limit: 1024)
    let vector = [Float](repeating: 0.25, count: TextEncoder.width)
    func files() -> Int {
      let all = FileManager.default.enumerator(atPath: directory)
      return all?.reduce(0) { $0 + (($1 as? String)?.contains("/") == true ? 1 : 0) } ?? 0
    }
    for n in 0..<1500 { cache.keep(vector, of: "text \(n)", encoder: "e") }
    #expect((700...1024).contains(files()), "\(files())")
    for n in 1490..<1500 {
      #expect(cache.vector(of: "text \(n)", encoder: "e") == vector, "\(n)")
    }
  }

  @Test("several writers leave a whole vector")
  func writers() async throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("text-cache-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let cache = TextVectorCache(directory: directory)
    await withTaskGroup(of: Bool.self) { group in
      for i in 0..<40 {
        group.addTask {
          cache.keep([Float](repeating: Float(i), count: TextEncoder.width), of: "x", encoder: "e")
          return cache.vector(of: "x", encoder: "e") != nil
        }
      }
      for await whole in group { #expect(whole) }
    }
  }

  @Test("refuses files that do not belong together")
  func mismatched() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("minilm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect {
      try TextEncoder(directory: folder.path, cache: nil)
    } throws: {
      ($0 as? TextEncoderError)?.code == "encoder_missing"
    }
    try Data("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n".utf8)
      .write(to: folder.appendingPathComponent("vocab.txt"))
    try FileManager.default.createSymbolicLink(
      at: folder.appendingPathComponent("model.safetensors"),
      withDestinationURL: URL(fileURLWithPath: #require(Fixtures.model) + "/model.safetensors"))
    #expect {
      try TextEncoder(directory: folder.path, cache: nil)
    } throws: {
      ($0 as? TextEncoderError)?.code == "encoder_invalid"
    }
  }
}

@Suite("Free text")
struct FreeTextTests {
  @Test(
    "in Latin letters is taken",
    arguments: [
      "a bright lesion", "β-cell mass of 5 µm", "tumour 3×4 cm → left", "naïve café",
      "SEGMENT VIII",
      "Å", "ﬁbrous", "grade Ⅲ", "e\u{301}clat",
    ])
  func accepts(text: String) throws { try LatinScript.check(text) }

  @Test(
    "in another script is refused",
    arguments: [
      "胰腺", "the 胰腺", "печень", "liver печень", "כבד", "الكبد", "すい臓", "췌장", "यकृत", "ηπαρ",
    ])
  func refuses(text: String) {
    #expect {
      try LatinScript.check(text)
    } throws: {
      ($0 as? TextEncoderError)?.code == "text_script"
    }
  }

  @Test("without letters is refused", arguments: ["", "  ", "12 + 3", "😀"])
  func empty(text: String) {
    #expect(throws: TextEncoderError.empty) { try LatinScript.check(text) }
  }
}

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "gives the standard's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func examples(text: String, digest: String) {
    #expect(SHA256.hash(Array(text.utf8)).map { hexadecimal($0) }.joined() == digest)
    var parts = SHA256()
    for byte in text.utf8 { parts.update([byte]) }
    #expect(parts.finish() == SHA256.hash(Array(text.utf8)))
  }
}
