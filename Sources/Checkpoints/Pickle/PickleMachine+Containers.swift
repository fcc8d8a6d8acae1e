extension PickleMachine {
  mutating func container(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .emptyTuple: try push(.tuple(try store([])))
    case .tuple1, .tuple2, .tuple3:
      var values: [PickleValue] = []
      let count = opcode == .tuple1 ? 1 : opcode == .tuple2 ? 2 : 3
      for _ in 0..<count { values.append(try pop()) }
      try push(.tuple(try store(values.reversed())))
    case .tuple: try push(.tuple(try store(try popToMark())))
    case .emptyList: try push(.list(try store([])))
    case .list: try push(.list(try store(try popToMark())))
    case .emptyDictionary: try push(.dictionary(try store([])))
    case .dictionary: try push(.dictionary(try store(try pairs(try popToMark()))))
    // Sets have no place in weights; what they hold was checked when it was made.
    case .emptySet: try push(.inert)
    case .frozenSet:
      _ = try popToMark()
      try push(.inert)
    case .append:
      let value = try pop()
      try extend([value])
    case .appends, .addItems:
      let values = try popToMark()
      try extend(values)
    case .setItem:
      let value = try pop()
      let key = try pop()
      try assign([key, value])
    case .setItems:
      let values = try pairs(try popToMark())
      try assign(values)
    default: break
    }
  }

  private func pairs(_ values: [PickleValue]) throws(CheckpointError) -> [PickleValue] {
    guard values.count.isMultiple(of: 2) else { throw reader.fail("a key without a value") }
    return values
  }

  private mutating func extend(_ values: [PickleValue]) throws(CheckpointError) {
    switch try top() {
    case .list(let place): try append(values, to: place)
    case .inert: break
    default: throw reader.fail("an element for what is no list")
    }
  }

  private mutating func assign(_ values: [PickleValue]) throws(CheckpointError) {
    switch try top() {
    case .dictionary(let place): try append(values, to: place)
    case .inert: break
    default: throw reader.fail("a member for what is no dictionary")
    }
  }
}
