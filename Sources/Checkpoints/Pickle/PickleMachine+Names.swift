extension PickleMachine {
  /// Names, and what "calling" them makes.
  mutating func named(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .global:
      let module = try reader.line()
      try push(.global(try PickleGlobal(module: module, name: try reader.line())))
    case .stackGlobal:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw reader.fail("a name that is no text")
      }
      try push(.global(try PickleGlobal(module: module, name: name)))
    case .reduce, .newObject:
      let arguments = try pop()
      let callee = try pop()
      guard case .tuple(let place) = arguments else { throw reader.fail("arguments are no tuple") }
      try push(try make(callee, containers[place]))
    case .newObjectKeywords:
      let keywords = try pop()
      let arguments = try pop()
      let callee = try pop()
      guard case .dictionary = keywords, case .tuple(let place) = arguments else {
        throw reader.fail("arguments are no tuple and dictionary")
      }
      guard callee == .global(.inert) else { throw reader.fail("keywords for a function") }
      try push(try make(callee, containers[place]))
    case .instance:
      let module = try reader.line()
      let global = try PickleGlobal(module: module, name: try reader.line())
      let arguments = try popToMark()
      try push(try make(.global(global), arguments))
    case .object:
      let values = try popToMark()
      guard let callee = values.first else { throw reader.fail("a class is missing") }
      try push(try make(callee, Array(values.dropFirst())))
    case .build: try build()
    case .persistent: try push(.storage(try storage(try pop()).key))
    case .persistentLine: throw reader.fail("a persistent id as text")
    default:
      throw CheckpointError(
        .refused,
        "the pickle uses a registered extension, which weights do not need; nothing was run:"
          + " save the state_dict alone")
    }
  }

  /// A state that is set on an object. Dictionaries have PyTorch's `_metadata` there, which says the
  /// versions of layers.
  private mutating func build() throws(CheckpointError) {
    let state = try pop()
    switch (try top(), state) {
    case (.inert, _), (.dictionary, .dictionary): break
    default: throw reader.fail("a state for what has none")
    }
  }

  private mutating func make(
    _ callee: PickleValue, _ arguments: [PickleValue]
  ) throws(CheckpointError) -> PickleValue {
    guard case .global(let global) = callee else {
      throw reader.fail("a call of what is no function")
    }
    switch global {
    case .orderedDictionary: return .dictionary(try store(try items(arguments)))
    case .rebuildTensor: return try tensor(arguments, type: nil)
    case .rebuildTensorOfType:
      guard arguments.count > 6, case .global(.type(let type)) = arguments[6] else {
        throw reader.fail("a tensor without a type")
      }
      return try tensor(arguments, type: type)
    case .rebuildParameter:
      guard case .tensor? = arguments.first else { throw reader.fail("a parameter of no tensor") }
      return arguments[0]
    case .tuple:
      guard arguments.count == 1, let place = arguments[0].container else {
        throw reader.fail("a size of no tuple")
      }
      return .tuple(place)
    case .inert: return .inert
    case .storage, .type: throw reader.fail("a call of a type")
    }
  }

  /// The pairs that an ordered dictionary begins with; a default dictionary's factory is none.
  private func items(_ arguments: [PickleValue]) throws(CheckpointError) -> [PickleValue] {
    guard let first = arguments.first else { return [] }
    switch first {
    case .global(.inert), .global(.orderedDictionary), .none: return []
    case .dictionary(let place): return containers[place]
    case .list(let place):
      var result: [PickleValue] = []
      for pair in containers[place] {
        guard let inner = pair.container, containers[inner].count == 2 else {
          throw reader.fail("a dictionary of what are no pairs")
        }
        result += containers[inner]
      }
      return result
    default: throw reader.fail("a dictionary of what are no pairs")
    }
  }
}
