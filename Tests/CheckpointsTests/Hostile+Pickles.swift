import Checkpoints

extension Hostile {
  /// Pickles that are broken, or that ask for too much.
  static let pickles: [Hostile] = [
    pickle("no dictionary", .kind, says: "state_dict") { $0.op("]") },
    pickle("an empty dictionary", .kind, says: "no tensor") { $0.op("}") },
    pickle("only inert things", .kind, says: "state_dict") {
      $0.global("argparse", "Namespace")
      $0.raw([0x29, 0x81])
    },
    pickle("a dictionary in itself", .kind, says: "no tensor") {
      $0.op("}")
      $0.raw([0x71, 0])
      $0.text("model")
      $0.raw([0x68, 0])
      $0.op("s")
    },
    pickle("a list in itself", .kind) {
      $0.op("]")
      $0.raw([0x71, 0, 0x68, 0])
      $0.op("a")
    },
    pickle("a thousand millions of lists in lists", .kind) {
      // Each level holds the one below twice: 2^64 lists, if one would copy them.
      $0.op("]")
      for _ in 0..<64 { $0.raw([0x32, 0x86]) }
    },
    pickle("deep nesting", .limit, says: "containers") {
      $0.op(")")
      for _ in 0..<1_000_001 { $0.raw([0x85]) }
    },
    pickle("a deep stack", .limit, says: "stack") {
      $0.raw([UInt8](repeating: 0x4e, count: 100_001))
    },
    pickle("many marks", .limit, says: "marks") { $0.raw([UInt8](repeating: 0x28, count: 1001)) },
    pickle("much to remember", .limit, says: "remembers") {
      $0.op("N")
      for index in 0..<1_000_001 {
        $0.op("r")
        $0.little(UInt64(index), 4)
      }
    },
    pickle("many members", .limit, says: "members") {
      $0.op("]")
      for _ in 0..<30 {
        $0.op("(")
        $0.raw([UInt8](repeating: 0x4e, count: 90_000))
        $0.op("e")
      }
    },
    pickle("a long string", .limit, says: "string") {
      $0.op("X")
      $0.little(2 << 20, 4)
      $0.raw([UInt8](repeating: 0x41, count: 2 << 20))
    },
    pickle("a string of nearly 2⁶⁴ bytes", .pickle) {
      $0.raw([0x8d])
      $0.little(.max, 8)
    },
    pickle("a string beyond the end", .pickle, says: "ends early") {
      $0.op("X")
      $0.little(1000, 4)
    },
    pickle("an integer of -1 bytes", .pickle) {
      $0.raw([0x8b])
      $0.little(0xffff_ffff, 4)
    },
    pickle("invalid UTF-8", .pickle, says: "UTF-8") {
      $0.op("X")
      $0.little(2, 4)
      $0.raw([0xc3, 0x28])
    },
    pickle("a name that is not UTF-8", .pickle, says: "UTF-8") {
      $0.op("c")
      $0.raw([0xff, 0x0a, 0xff, 0x0a])
    },
    pickle("a name without an end", .pickle, says: "line") {
      $0.op("c")
      $0.raw(Array("os".utf8))
    },
    pickle("an unknown opcode", .pickle, says: "opcode") { $0.raw([0xff]) },
    pickle("protocol 99", .pickle, says: "protocol") { $0.raw([0x80, 99]) },
    pickle("an empty stack", .pickle) { $0.op("0") },
    pickle("no result", .pickle) { _ in },
    pickle("two results", .pickle, says: "left over") { $0.raw([0x4e, 0x4e]) },
    pickle("a mark that is missing", .pickle, says: "mark") { $0.op("t") },
    pickle("a value from below a mark", .pickle) { $0.raw([0x4e, 0x28, 0x85]) },
    pickle("a key without a value", .pickle, says: "key") {
      $0.op("}")
      $0.raw([0x28, 0x4e])
      $0.op("u")
    },
    pickle("an unknown memory", .pickle, says: "remembered") { $0.raw([0x68, 9]) },
    pickle("a frame beyond the end", .pickle, says: "frame") {
      $0.raw([0x95])
      $0.little(1 << 40, 8)
    },
    pickle("arguments that are a list", .pickle, says: "tuple") {
      $0.global("collections", "OrderedDict")
      $0.op("]")
      $0.op("R")
    },
    pickle("a buffer elsewhere", .pickle, says: "buffer") { $0.raw([0x97]) },
    file("something after the pickle", .pickle, says: "follows") {
      ZipBytes.torch(PickleBytes.weights { $0.tensor() } + [0x4e]).bytes()
    },
    pickle("a tensor twice", .pickle, says: "twice") {
      $0.op("}")
      for _ in 0..<2 {
        $0.text("weight")
        $0.tensor()
        $0.op("s")
      }
    },
  ]

  /// Tensors and storages that do not fit.
  static let tensors: [Hostile] = [
    tensor("a persistent id of a number", .pickle, says: "persistent id") {
      $0.int(0)
      $0.op("Q")
    },
    tensor("a persistent id of another kind", .pickle, says: "persistent id") {
      $0.tuple {
        $0.text("module")
        $0.global("torch", "FloatStorage")
        $0.text("0")
        $0.text("cpu")
        $0.int(4)
      }
      $0.op("Q")
    },
    tensor("a persistent id that is short", .pickle, says: "persistent id") {
      $0.tuple { $0.text("storage") }
      $0.op("Q")
    },
    tensor("a persistent id as text", .pickle, says: "persistent id") {
      $0.op("P")
      $0.raw(Array("0\n".utf8))
    },
    tensor("a storage of complex numbers", .refused, says: "ComplexFloatStorage") {
      $0.tensor(type: "ComplexFloatStorage")
    },
    tensor("a storage of -1 elements", .tensor) { $0.tensor(count: -1) },
    tensor("a storage of 2⁶² elements", .tensor) { $0.tensor(count: 1 << 62) },
    tensor("a storage of 2⁴⁰ elements", .tensor) { $0.tensor(count: 1 << 40) },
    tensor("a storage outside the archive's folder", .tensor, says: "no storage") {
      $0.tensor(key: "../byteorder")
    },
    tensor("a negative offset", .tensor) { $0.tensor(offset: -1) },
    tensor("an offset beyond the storage", .tensor, says: "beyond") { $0.tensor(offset: 1) },
    tensor("an offset that overflows", .tensor, says: "beyond") { $0.tensor(offset: .max) },
    tensor("a negative extent", .tensor) { $0.tensor(shape: [-4]) },
    tensor("a negative stride", .tensor) { $0.tensor(strides: [-1]) },
    tensor("a shape beyond the storage", .tensor, says: "beyond") { $0.tensor(shape: [5]) },
    tensor("a stride beyond the storage", .tensor, says: "beyond") { $0.tensor(strides: [2]) },
    tensor("strides that overflow", .tensor, says: "beyond") {
      $0.tensor(shape: [4, 4], strides: [1 << 62, 1])
    },
    tensor("a shape that overflows", .tensor, says: "beyond") {
      $0.tensor(shape: [1 << 40, 1 << 40], strides: [0, 0])
    },
    tensor("a shape that overflows, empty", .tensor, says: "beyond") {
      $0.tensor(shape: [.max, .max, 0], strides: [1, 1, 1])
    },
    tensor("an element repeated into gigabytes", .limit, says: "contiguous") {
      $0.tensor(shape: [1 << 30], strides: [0])
    },
    tensor("fewer strides than extents", .tensor) { $0.tensor(shape: [2, 2]) },
    tensor("17 dimensions", .limit, says: "dimensions") {
      $0.tensor(
        shape: [Int](repeating: 1, count: 17), strides: [Int](repeating: 1, count: 17))
    },
    tensor("a shape of texts", .pickle) {
      $0.global("torch._utils", "_rebuild_tensor_v2")
      $0.tuple {
        $0.storage(count: 4)
        $0.int(0)
        $0.tuple { $0.text("4") }
        $0.ints([1])
      }
      $0.op("R")
    },
    tensor("a tensor without arguments", .pickle) {
      $0.global("torch._utils", "_rebuild_tensor_v2")
      $0.op(")")
      $0.op("R")
    },
    tensor("a tensor without a type", .pickle, says: "type") {
      $0.global("torch._utils", "_rebuild_tensor_v2")
      $0.tuple {
        $0.storage(type: "UntypedStorage", count: 16, module: "torch.storage")
        $0.int(0)
        $0.ints([4])
        $0.ints([1])
      }
      $0.op("R")
    },
    tensor("a parameter of text", .pickle, says: "parameter") {
      $0.global("torch._utils", "_rebuild_parameter")
      $0.tuple { $0.text("weight") }
      $0.op("R")
    },
    tensor("a storage that is two things", .pickle, says: "two ways") {
      $0.tensor()
      $0.op("0")
      $0.tensor(type: "HalfStorage", count: 8)
    },
  ]
}
