import NeuralGraph

/// Interprets a pickle's opcodes without running anything.
///
/// A pickle is a program for a stack machine (documented in Python's `pickletools`). Of what it can
/// say, this machine does dictionaries, lists, tuples, scalars, and tensors that refer to storages by
/// persistent ids. Names of functions and classes must be known (`PickleGlobal`); "calling" one makes
/// a value here. Stack, marks, memory and containers are bounded, and the time is linear in the bytes.
struct PickleMachine {
  var reader: PickleReader
  let limits: CheckpointLimits
  var stack: [PickleValue] = []
  /// Where on the stack the open marks stand.
  var marks: [Int] = []
  var memo: [Int: PickleValue] = [:]
  /// Tuples, lists and dictionaries.
  var containers: [[PickleValue]] = []
  var members = 0
  var tensors: [CheckpointTensor] = []
  /// By key: what each storage is said to be.
  var storages: [String: StorageReference] = [:]

  init(_ bytes: [UInt8], at: Int = 0, limits: CheckpointLimits) {
    reader = PickleReader(bytes, at: at, limits: limits)
    self.limits = limits
  }

  /// Runs to the pickle's end.
  ///
  /// - Returns: the value that the pickle stands for.
  mutating func run() throws(CheckpointError) -> PickleValue {
    while true {
      let code = try reader.byte()
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw reader.fail("unknown opcode \(code)")
      }
      if opcode == .stop {
        let value = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw reader.fail("values are left over") }
        return value
      }
      try perform(opcode)
    }
  }

  // The stack.

  mutating func push(_ value: PickleValue) throws(CheckpointError) {
    guard stack.count < limits.stackDepth else {
      throw bound("values on the pickle's stack", limits.stackDepth)
    }
    stack.append(value)
  }

  /// Never below the last mark.
  mutating func pop() throws(CheckpointError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw reader.fail("a value is missing on the stack")
    }
    return value
  }

  func top() throws(CheckpointError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw reader.fail("a value is missing on the stack")
    }
    return value
  }

  mutating func mark() throws(CheckpointError) {
    guard marks.count < limits.marks else { throw bound("open marks in the pickle", limits.marks) }
    marks.append(stack.count)
  }

  /// Everything above the last mark.
  mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
    guard let start = marks.popLast(), start <= stack.count else {
      throw reader.fail("a mark is missing")
    }
    defer { stack.removeSubrange(start...) }
    return Array(stack[start...])
  }

  // What is remembered.

  mutating func remember(_ key: Int) throws(CheckpointError) {
    let value = try top()
    guard key >= 0, memo.count < limits.memo || memo[key] != nil else {
      throw bound("values that the pickle remembers", limits.memo)
    }
    memo[key] = value
  }

  mutating func recall(_ key: Int) throws(CheckpointError) {
    guard let value = memo[key] else { throw reader.fail("nothing is remembered as \(key)") }
    try push(value)
  }

  // Containers.

  mutating func store(_ values: [PickleValue]) throws(CheckpointError) -> Int {
    guard containers.count < limits.containers else {
      throw bound("containers in the pickle", limits.containers)
    }
    try count(values.count)
    containers.append(values)
    return containers.count - 1
  }

  mutating func append(_ values: [PickleValue], to place: Int) throws(CheckpointError) {
    try count(values.count)
    containers[place].append(contentsOf: values)
  }

  private mutating func count(_ more: Int) throws(CheckpointError) {
    members += more
    guard members <= limits.containerMembers else {
      throw bound("members of containers in the pickle", limits.containerMembers)
    }
  }

  func bound(_ what: String, _ limit: Int) -> CheckpointError {
    CheckpointError(
      .limit, "more than \(limit) \(what), which weights do not need: save the state_dict alone")
  }
}
