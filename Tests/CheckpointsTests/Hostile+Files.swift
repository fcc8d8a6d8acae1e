import Checkpoints
import Foundation
import Glibc

extension Hostile {
  /// What is no checkpoint at all.
  static let files: [Hostile] = [
    Hostile("nothing", .file, says: "check the path") { "\($0.url.path)/missing.pth" },
    Hostile("a folder", .file, says: "name the file in it") { $0.url.path },
    Hostile("a pipe", .file, says: "regular file") { scratch in
      let path = "\(scratch.url.path)/pipe"
      guard mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
      return path
    },
    Hostile("a device", .file, says: "regular file") { _ in "/dev/zero" },
    file("an empty file", .kind, says: "empty") { [] },
    file("a byte", .kind) { [0x80] },
    text("text", says: "convert", "epoch 1: loss 0.3\n"),
    text("a page", says: "web page", "<!DOCTYPE html><html><body>404</body></html>"),
    text("a page after spaces", says: "web page", "\n  <html lang=\"en\">Sign in</html>"),
    text(
      "a pointer", says: "git lfs pull",
      "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 375042383\n"),
    file("gzip", .kind, says: "gunzip") { [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] },
    file("HDF5", .kind, says: "convert") { [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] },
    file("noise", .kind) { (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) } },
  ]

  static let legacy: [Hostile] = [
    file("a pickle that is not PyTorch's", .kind, says: "torch.save") {
      PickleBytes.make { $0.op("}") }
    },
    file("os.system as the first pickle", .refused, says: "os.system") {
      PickleBytes.make { $0.run("os", "system") }
    },
    file("os.system as the fourth pickle", .refused, says: "os.system") {
      try legacyHead() + PickleBytes.make { $0.run("os", "system") }
    },
    file("another version", .kind, says: "version") {
      try Array(legacyHead()[..<15]) + PickleBytes.make { $0.int(7) }
    },
    file("bytes after the last storage", .tensor, says: "follow") {
      try Fixture.bytes("numbers-legacy.pth") + [0]
    },
    file("a storage that is shorter than it says", .tensor) {
      Array(try Fixture.bytes("numbers-legacy.pth").dropLast(3))
    },
    file("a storage of another count", .tensor, says: "not whole") {
      try legacy(key: "0", listed: ["0"], counts: [1 << 62])
    },
    file("a storage that no tensor has", .tensor, says: "listed") {
      try legacy(key: "0", listed: ["1"], counts: [4])
    },
    file("a storage that is listed twice", .tensor, says: "twice") {
      try legacy(key: "0", listed: ["0", "0"], counts: [4, 4])
    },
    file("a storage that is not listed", .tensor, says: "not in the file") {
      try legacy(key: "0", listed: [], counts: [])
    },
  ]

  /// The magic number, the version and the writer's machine.
  private static func legacyHead() throws -> [UInt8] {
    Array(try Fixture.bytes("numbers-legacy.pth")[..<137])
  }

  private static func legacy(key: String, listed: [String], counts: [UInt64]) throws -> [UInt8] {
    let keys = PickleBytes.make { pickle in
      pickle.op("]")
      for key in listed {
        pickle.text(key)
        pickle.op("a")
      }
    }
    let storages = counts.flatMap { ZipBytes.little($0, 8) + [UInt8](repeating: 0, count: 16) }
    return try legacyHead() + PickleBytes.weights { $0.tensor(key: key) } + keys + storages
  }

  static let safetensors: [Hostile] = [
    header("a header longer than the file", .tensor, length: 1 << 40, "{}"),
    header("a header that is no JSON", .tensor, "{\"a\":[}"),
    header("a tensor outside the file", .tensor, entry("F32", "[4]", "[0,16]")),
    header("a shape that overflows", .tensor, entry("F32", "[4294967296,4294967296]", "[0,16]")),
    header("a shape that does not fit", .tensor, data: 16, entry("F32", "[5]", "[0,16]")),
    header("a negative extent", .tensor, data: 16, entry("F32", "[-4]", "[0,16]")),
    header("offsets that run backwards", .tensor, data: 16, entry("F32", "[4]", "[16,0]")),
    header("an unknown type", .tensor, data: 16, entry("F4", "[4]", "[0,16]")),
    header(
      "tensors that overlap", .tensor, data: 16,
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}"),
    header(
      "a tensor twice", .tensor, data: 32,
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
        + "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,32]}}"),
  ]

  private static func entry(_ type: String, _ shape: String, _ offsets: String) -> String {
    "{\"a\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
  }

  private static func header(
    _ name: String, _ code: CheckpointError.Code, data: Int = 0, length: UInt64? = nil,
    _ json: String
  ) -> Hostile {
    file("safetensors: \(name)", code, says: "fetch it again") {
      ZipBytes.little(length ?? UInt64(json.utf8.count), 8) + Array(json.utf8)
        + [UInt8](repeating: 0, count: data)
    }
  }
}
