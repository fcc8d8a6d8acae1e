/// Writes pickles opcode by opcode, the broken ones too.
struct PickleBytes {
  var bytes: [UInt8] = [0x80, 2]

  static func make(_ body: (inout PickleBytes) -> Void) -> [UInt8] {
    var pickle = PickleBytes()
    body(&pickle)
    return pickle.bytes + [0x2e]
  }

  mutating func op(_ letter: Character) { bytes.append(letter.asciiValue ?? 0) }
  mutating func raw(_ more: [UInt8]) { bytes += more }

  mutating func little(_ value: UInt64, _ size: Int) {
    for i in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * i))) }
  }

  mutating func text(_ value: String) {
    op("X")
    little(UInt64(value.utf8.count), 4)
    bytes += Array(value.utf8)
  }

  mutating func int(_ value: Int) {
    bytes += [0x8a, 8]
    little(UInt64(bitPattern: Int64(value)), 8)
  }

  mutating func global(_ module: String, _ name: String) {
    op("c")
    bytes += Array("\(module)\n\(name)\n".utf8)
  }

  mutating func tuple(_ body: (inout PickleBytes) -> Void) {
    op("(")
    body(&self)
    op("t")
  }

  mutating func ints(_ values: [Int]) {
    tuple { for value in values { $0.int(value) } }
  }

  mutating func storage(
    _ key: String = "0", type: String = "FloatStorage", count: Int, module: String = "torch"
  ) {
    tuple {
      $0.text("storage")
      $0.global(module, type)
      $0.text(key)
      $0.text("cpu")
      $0.int(count)
    }
    op("Q")
  }

  /// A tensor as `torch.save` writes it.
  mutating func tensor(
    key: String = "0", type: String = "FloatStorage", count: Int = 4, offset: Int = 0,
    shape: [Int] = [4], strides: [Int] = [1]
  ) {
    global("torch._utils", "_rebuild_tensor_v2")
    tuple {
      $0.storage(key, type: type, count: count)
      $0.int(offset)
      $0.ints(shape)
      $0.ints(strides)
      $0.raw([0x89])
      $0.global("collections", "OrderedDict")
      $0.raw([0x29, 0x52])
    }
    op("R")
  }

  /// `{"weight": tensor}`.
  static func weights(_ tensor: (inout PickleBytes) -> Void) -> [UInt8] {
    make {
      $0.op("}")
      $0.text("weight")
      tensor(&$0)
      $0.op("s")
    }
  }
}
