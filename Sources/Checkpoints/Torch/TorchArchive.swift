import Foundation
import Synchronization

/// PyTorch's zip archive: `NAME/data.pkl` describes tensors, `NAME/data/KEY` are their storages.
///
/// Source: the notes on serialization in PyTorch's documentation.
struct TorchArchive {
  let tensors: [String: CheckpointTensor]
  let storages: Storages

  init(path: String, fileBytes: Int, limits: CheckpointLimits) throws(CheckpointError) {
    let archive = try ZipArchive(path: path, fileBytes: fileBytes, limits: limits)
    let folder = try Self.folder(archive)
    if archive.members["\(folder)byteorder"] != nil {
      let order = String(decoding: try archive.bytes(of: "\(folder)byteorder"), as: UTF8.self)
      guard order == "little" else {
        throw CheckpointError(
          .kind, "its numbers are not little-endian: save it again on such a machine")
      }
    }
    let pickle = "\(folder)data.pkl"
    guard let size = archive.members[pickle]?.size, size <= limits.pickleBytes else {
      throw CheckpointError(
        .limit,
        "\"\(pickle)\" is larger than \(limits.pickleBytes) bytes: save the state_dict alone")
    }
    var machine = PickleMachine(Array(try archive.bytes(of: pickle)), limits: limits)
    let root = try machine.run()
    guard machine.reader.at == machine.reader.bytes.count else {
      throw machine.reader.fail("something follows the pickle")
    }
    tensors = try StateDictionary.find(root, machine)
    storages = Storages(archive: archive, folder: "\(folder)data/")
    for tensor in tensors.values {
      if let placement = tensor.placement {
        try storages.check(placement.storage, count: placement.storageBytes)
      }
    }
  }

  /// The archive's one folder, with its slash.
  private static func folder(_ archive: ZipArchive) throws(CheckpointError) -> String {
    let pickles = archive.members.keys.filter {
      $0 == "data.pkl" || $0.hasSuffix("/data.pkl")
    }
    guard let pickle = pickles.first else {
      throw CheckpointError(
        .kind, "a zip archive, but not one of PyTorch's (no data.pkl): is it the right file?")
    }
    guard pickles.count == 1 else {
      throw .damaged(.archive, "data.pkl stands in the archive \(pickles.count) times")
    }
    let folder = String(pickle.dropLast("data.pkl".count))
    guard archive.members["\(folder)constants.pkl"] == nil,
      !archive.members.keys.contains(where: { $0.hasPrefix("\(folder)code/") })
    else {
      throw CheckpointError(
        .kind,
        "a TorchScript program, not weights alone: torch.save(torch.jit.load(file).state_dict(),"
          + " \"weights.pth\")")
    }
    return folder
  }

  final class Storages: TensorStorages {
    private let archive: ZipArchive
    private let folder: String
    /// The storage that was read last: views of one are often asked for in a row.
    private let last = Mutex<(key: String, bytes: Data)?>(nil)

    init(archive: ZipArchive, folder: String) {
      self.archive = archive
      self.folder = folder
    }

    func check(_ key: String, count: Int) throws(CheckpointError) {
      guard let member = archive.members[folder + key] else {
        throw .damaged(.tensor, "the archive has no storage \(key.prefix(100).debugDescription)")
      }
      guard member.size == count else {
        throw .damaged(
          .tensor, "storage \"\(key)\" has \(member.size) bytes in the archive, not \(count)")
      }
    }

    func bytes(of key: String, count: Int) throws(CheckpointError) -> Data {
      try check(key, count: count)
      if let kept = last.withLock({ $0?.key == key ? $0?.bytes : nil }) { return kept }
      last.withLock { $0 = nil }
      let bytes = try archive.bytes(of: folder + key)
      last.withLock { $0 = (key, bytes) }
      return bytes
    }
  }
}
