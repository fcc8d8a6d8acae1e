import Foundation

/// PyTorch's format before 1.6: pickles of a magic number, the version, the writer's machine, the
/// tensors and the keys of their storages; then each storage, its elements counted before it.
struct TorchLegacyFile {
  let tensors: [String: CheckpointTensor]
  let storages: Storages

  /// 0x1950a86a20f9469cfc6c.
  private static let magic = PickleValue.large(
    [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])
  private static let version = PickleValue.int(1001)

  init(path: String, limits: CheckpointLimits) throws(CheckpointError) {
    let contents: Data
    do {
      contents = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw CheckpointError(.file, "it cannot be read: \(error.localizedDescription)")
    }
    let head = Array(contents.prefix(limits.pickleBytes))
    var at = 0
    func pickle() throws(CheckpointError) -> (PickleValue, PickleMachine) {
      var machine = PickleMachine(head, at: at, limits: limits)
      let value = try machine.run()
      at = machine.reader.at
      return (value, machine)
    }
    guard try pickle().0 == Self.magic else {
      throw CheckpointError(
        .kind,
        "a pickle, but not one of PyTorch's: save the weights with torch.save, or as safetensors")
    }
    guard try pickle().0 == Self.version else {
      throw CheckpointError(.kind, "an unknown version of PyTorch's format: save it again")
    }
    let (machine, made) = try pickle()
    try Self.checkOrder(machine, made)
    let (root, objects) = try pickle()
    let (keys, names) = try pickle()
    guard case .list(let place) = keys else { throw objects.reader.fail("no list of storages") }
    tensors = try StateDictionary.find(root, objects)
    storages = Storages(
      contents: contents,
      ranges: try Self.ranges(names.containers[place], objects, from: at, in: contents))
    for tensor in tensors.values {
      guard let placement = tensor.placement else { continue }
      guard storages.ranges[placement.storage]?.count == placement.storageBytes else {
        throw .damaged(
          .tensor, "storage \(placement.storage.prefix(100).debugDescription) is not in the file")
      }
    }
  }

  private static func checkOrder(
    _ value: PickleValue, _ machine: PickleMachine
  ) throws(CheckpointError) {
    guard case .dictionary(let place) = value else {
      throw machine.reader.fail("the writer's machine is no dictionary")
    }
    let members = machine.containers[place]
    guard let key = members.firstIndex(of: .string("little_endian")), key + 1 < members.count,
      members[key + 1] == .bool(true)
    else {
      throw CheckpointError(
        .kind, "its numbers are not little-endian: save it again on such a machine")
    }
  }

  /// Where each storage lies.
  private static func ranges(
    _ keys: [PickleValue], _ objects: PickleMachine, from start: Int, in contents: Data
  ) throws(CheckpointError) -> [String: Range<Int>] {
    var ranges: [String: Range<Int>] = [:]
    var at = start
    for key in keys {
      guard case .string(let key) = key, let storage = objects.storages[key] else {
        throw .damaged(.tensor, "a storage is listed that no tensor has")
      }
      guard contents.count - at >= 8 else {
        throw .damaged(.tensor, "storage \"\(key)\" is missing")
      }
      let count = contents[at..<at + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let size = try storage.bytes()
      guard count == UInt64(storage.count), size <= contents.count - at - 8 else {
        throw .damaged(
          .tensor, "storage \"\(key)\" of \(storage.count) elements is not whole in the file")
      }
      guard ranges.updateValue(at + 8..<at + 8 + size, forKey: key) == nil else {
        throw .damaged(.tensor, "storage \"\(key)\" is listed twice")
      }
      at += 8 + size
    }
    guard at == contents.count else {
      throw .damaged(.tensor, "\(contents.count - at) bytes follow the last storage")
    }
    return ranges
  }

  struct Storages: TensorStorages {
    /// Mapped, not read.
    let contents: Data
    let ranges: [String: Range<Int>]

    func bytes(of key: String, count: Int) throws(CheckpointError) -> Data {
      guard let range = ranges[key], range.count == count else {
        throw .damaged(.tensor, "storage \"\(key)\" is not in the file")
      }
      return contents[range]
    }
  }
}
