import NeuralGraph

extension PickleMachine {
  /// The storage that a persistent id names: ("storage", type, key, device, elements), and in older
  /// files a view.
  mutating func storage(_ id: PickleValue) throws(CheckpointError) -> StorageReference {
    guard case .tuple(let place) = id else { throw reader.fail("a persistent id is no tuple") }
    let parts = containers[place]
    guard (5...6).contains(parts.count), parts[0] == .string("storage"),
      case .global(.storage(let type)) = parts[1], case .string(let key) = parts[2],
      case .string = parts[3], case .int(let count) = parts[4]
    else { throw reader.fail("a persistent id names no storage") }
    guard parts.count == 5 || parts[5] == .none else {
      throw CheckpointError(
        .kind,
        "it shares storages in a way that PyTorch gave up: load and save it with PyTorch 1.6 or"
          + " later, or convert it to safetensors")
    }
    let reference = StorageReference(key: key, type: type, count: count)
    _ = try reference.bytes()
    guard storages.count < limits.tensors || storages[key] != nil else {
      throw bound("storages", limits.tensors)
    }
    if let other = storages.updateValue(reference, forKey: key), other != reference {
      throw reader.fail("storage \(key.debugDescription) is described in two ways")
    }
    return reference
  }

  /// A tensor of (storage, offset, sizes, strides, …).
  mutating func tensor(
    _ arguments: [PickleValue], type given: Safetensors.DataType?
  ) throws(CheckpointError) -> PickleValue {
    guard arguments.count >= 4, case .storage(let key) = arguments[0], let storage = storages[key],
      case .int(let offset) = arguments[1], let shape = integers(arguments[2]),
      let strides = integers(arguments[3])
    else { throw reader.fail("a tensor's storage, offset, shape or strides are missing") }
    guard let type = given ?? storage.type else { throw reader.fail("a tensor without a type") }
    guard tensors.count < limits.tensors else { throw bound("tensors", limits.tensors) }
    tensors.append(
      try CheckpointTensor(
        type: type, shape: shape, strides: strides, offset: offset, storage: storage.key,
        storageBytes: try storage.bytes(), limits: limits))
    return .tensor(tensors.count - 1)
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    guard let place = value.container else { return nil }
    // A tuple of thousands is no shape; the tensor's own check says so.
    var result: [Int] = []
    for member in containers[place].prefix(limits.rank + 1) {
      guard case .int(let number) = member else { return nil }
      result.append(number)
    }
    return result
  }
}
