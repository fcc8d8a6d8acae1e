import Checkpoints

extension PickleBytes {
  /// What a canary's pickle would run.
  static let command = "touch /tmp/segsam-checkpoints-canary"

  mutating func run(_ module: String, _ name: String) {
    global(module, name)
    tuple { $0.text(Self.command) }
    op("R")
  }

  mutating func stackGlobal(_ module: String, _ name: String) {
    text(module)
    text(name)
    raw([0x93])
  }
}

extension Hostile {
  /// Pickles that would run something, by each opcode that can.
  static let programs: [Hostile] =
    [
      ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"),
      ("builtins", "eval"), ("builtins", "exec"), ("__builtin__", "eval"),
      ("builtins", "getattr"), ("builtins", "__import__"), ("builtins", "open"),
      ("importlib", "import_module"), ("runpy", "run_path"), ("pickle", "loads"),
      ("torch", "load"), ("torch.hub", "load"), ("torch.serialization", "load"),
      ("torch.jit", "load"), ("torch.utils.cpp_extension", "load_inline"),
      ("torch.optim", "os.system"), ("torch.optim.adam", "__builtins__"),
      ("torch._utils", "_rebuild_tensor_v2.__globals__"), ("collections", "OrderedDict.__class__"),
      ("numpy.testing", "runstring"), ("webbrowser", "open"), ("", ""),
    ].map { module, name in
      pickle("REDUCE of \(module).\(name)", .refused, says: "nothing was run") {
        $0.run(module, name)
      }
    } + [
      pickle("STACK_GLOBAL", .refused, says: "os.system") {
        $0.stackGlobal("os", "system")
        $0.tuple { $0.text(PickleBytes.command) }
        $0.op("R")
      },
      pickle("STACK_GLOBAL of numbers", .pickle, says: "no text") {
        $0.int(1)
        $0.int(2)
        $0.raw([0x93])
      },
      pickle("INST", .refused, says: "os.system") {
        $0.op("(")
        $0.text(PickleBytes.command)
        $0.op("i")
        $0.raw(Array("os\nsystem\n".utf8))
      },
      pickle("OBJ", .refused, says: "os.system") {
        $0.op("(")
        $0.global("os", "system")
        $0.text(PickleBytes.command)
        $0.op("o")
      },
      pickle("NEWOBJ", .refused, says: "subprocess.Popen") {
        $0.global("subprocess", "Popen")
        $0.tuple { $0.text(PickleBytes.command) }
        $0.raw([0x81])
      },
      pickle("NEWOBJ_EX", .refused, says: "subprocess.Popen") {
        $0.global("subprocess", "Popen")
        $0.op(")")
        $0.op("}")
        $0.raw([0x92])
      },
      pickle("BUILD with a __reduce__ in it", .refused, says: "posix.system") {
        $0.global("argparse", "Namespace")
        $0.raw([0x29, 0x81])
        $0.op("}")
        $0.text("__reduce__")
        $0.run("posix", "system")
        $0.op("s")
        $0.op("b")
      },
      pickle("BUILD on a function", .pickle, says: "state") {
        $0.global("torch._utils", "_rebuild_tensor_v2")
        $0.op("}")
        $0.op("b")
      },
      pickle("a name out of the memory", .refused, says: "os.system") {
        $0.text("os")
        $0.raw([0x71, 1])
        $0.text("system")
        $0.raw([0x71, 2, 0x68, 1, 0x68, 2, 0x93])
      },
      pickle("the defaults of a dictionary", .refused, says: "os.system") {
        $0.global("collections", "defaultdict")
        $0.tuple { $0.global("os", "system") }
        $0.op("R")
      },
      pickle("a call of text", .pickle, says: "no function") {
        $0.text("os.system")
        $0.op(")")
        $0.op("R")
      },
      pickle("a call of a tensor's type", .pickle, says: "call of a type") {
        $0.global("torch", "FloatStorage")
        $0.op(")")
        $0.op("R")
      },
      pickle("a registered extension", .refused, says: "nothing was run") { $0.raw([0x82, 1]) },
      pickle("an extension of four bytes", .refused) { $0.raw([0x84, 1, 0, 0, 0]) },
    ]
}
