extension PickleMachine {
  mutating func perform(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .stop: break
    case .version:
      let version = try reader.byte()
      guard version <= 5 else { throw reader.fail("pickle protocol \(version)") }
    case .frame:
      guard try reader.number(8) <= reader.bytes.count - reader.at else {
        throw reader.fail("a frame reaches beyond the end")
      }
    case .mark: try mark()
    case .pop:
      // Python's machine pops a mark where one is on top.
      if let last = marks.last, last == stack.count { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popToMark()
    case .duplicate: try push(try top())
    case .float, .integer, .int32, .uint8, .long, .uint16, .none, .double, .isTrue, .isFalse,
      .long1,
      .long4:
      try push(try scalar(opcode))
    case .string, .string4, .string1, .unicode, .unicode4, .unicode1, .unicode8, .bytes1, .bytes4,
      .bytes8, .byteArray8:
      try push(try text(opcode))
    case .append, .appends, .dictionary, .emptyDictionary, .list, .emptyList, .setItem, .setItems,
      .tuple, .emptyTuple, .tuple1, .tuple2, .tuple3, .emptySet, .addItems, .frozenSet:
      try container(opcode)
    case .get: try recall(try lineNumber())
    case .get1: try recall(try reader.number(1))
    case .get4: try recall(try reader.number(4))
    case .put: try remember(try lineNumber())
    case .put1: try remember(try reader.number(1))
    case .put4: try remember(try reader.number(4))
    case .memoize: try remember(memo.count)
    case .global, .stackGlobal, .reduce, .build, .instance, .object, .newObject,
      .newObjectKeywords, .extension1, .extension2, .extension4, .persistentLine, .persistent:
      try named(opcode)
    case .nextBuffer, .readOnlyBuffer: throw reader.fail("a buffer outside the pickle")
    }
  }

  private mutating func scalar(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleValue {
    switch opcode {
    case .isTrue: return .bool(true)
    case .isFalse: return .bool(false)
    case .int32: return try reader.integer(4)
    case .uint8: return .int(try reader.number(1))
    case .uint16: return .int(try reader.number(2))
    case .long1: return try reader.integer(try reader.number(1))
    case .long4: return try reader.integer(try reader.number(4))
    case .double:
      let bits = try reader.take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return .float(Double(bitPattern: bits))
    case .float:
      guard let value = Double(try reader.line()) else { throw reader.fail("no number") }
      return .float(value)
    case .integer, .long:
      var line = try reader.line()
      if opcode == .integer, line == "00" || line == "01" { return .bool(line == "01") }
      if line.hasSuffix("L") { line.removeLast() }
      guard let value = Int(line) else { throw reader.fail("no integer of 64 bits") }
      return .int(value)
    default: return .none
    }
  }

  private mutating func text(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleValue {
    switch opcode {
    case .unicode1: return .string(try reader.text(1))
    case .unicode4: return .string(try reader.text(4))
    case .unicode8: return .string(try reader.text(8))
    // Python 2's strings are text or bytes.
    case .string1, .string4:
      let bytes = try reader.counted(opcode == .string1 ? 1 : 4)
      return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .inert
    case .string, .unicode:
      var line = try reader.line()[...]
      if opcode == .string {
        guard let quote = line.first, quote == "'" || quote == "\"", line.count >= 2,
          line.last == quote
        else { throw reader.fail("a string without quotes") }
        line = line.dropFirst().dropLast()
      }
      guard !line.contains("\\") else { throw reader.fail("an escape in a string") }
      return .string(String(line))
    case .bytes1: _ = try reader.counted(1)
    case .bytes4: _ = try reader.counted(4)
    default: _ = try reader.counted(8)
    }
    return .inert
  }

  private mutating func lineNumber() throws(CheckpointError) -> Int {
    guard let number = Int(try reader.line()), number >= 0 else { throw reader.fail("no number") }
    return number
  }
}
