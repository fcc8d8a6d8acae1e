import Checkpoints
import Foundation
import Testing

/// A file that is broken or means harm, and what must be said of it.
struct Hostile: Sendable, CustomTestStringConvertible {
  var name: String
  var code: CheckpointError.Code
  /// A part of the message, where it has to say something in particular.
  var says = ""
  /// Writes the file and gives its path.
  var write: @Sendable (Scratch) throws -> String

  var testDescription: String { name }

  init(
    _ name: String, _ code: CheckpointError.Code, says: String = "",
    write: @escaping @Sendable (Scratch) throws -> String
  ) {
    (self.name, self.code, self.says, self.write) = (name, code, says, write)
  }

  static func file(
    _ name: String, _ code: CheckpointError.Code, says: String = "",
    _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) -> Hostile {
    Hostile(name, code, says: says) { scratch in try scratch.file(try bytes()) }
  }

  static func text(_ name: String, says: String = "", _ content: String) -> Hostile {
    file(name, .kind, says: says) { Array(content.utf8) }
  }

  /// An archive of PyTorch's around a pickle.
  static func pickle(
    _ name: String, _ code: CheckpointError.Code, says: String = "",
    _ body: @escaping @Sendable (inout PickleBytes) -> Void
  ) -> Hostile {
    file(name, code, says: says) { ZipBytes.torch(PickleBytes.make(body)).bytes() }
  }

  /// The same with one tensor.
  static func tensor(
    _ name: String, _ code: CheckpointError.Code, says: String = "",
    _ body: @escaping @Sendable (inout PickleBytes) -> Void
  ) -> Hostile {
    file(name, code, says: says) { ZipBytes.torch(PickleBytes.weights(body)).bytes() }
  }

  /// A sound archive, changed.
  static func archive(
    _ name: String, _ code: CheckpointError.Code, says: String = "",
    _ change: @escaping @Sendable (inout ZipBytes) -> Void
  ) -> Hostile {
    file(name, code, says: says) {
      var zip = ZipBytes.torch(PickleBytes.weights { $0.tensor() })
      change(&zip)
      return zip.bytes()
    }
  }
}
