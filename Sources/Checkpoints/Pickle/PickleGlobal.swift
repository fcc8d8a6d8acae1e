import NeuralGraph

/// The names of functions and classes that a pickle may say. What they stand for is done here; none
/// is looked up or called.
enum PickleGlobal: Sendable, Hashable {
  case orderedDictionary
  case rebuildTensor, rebuildTensorOfType, rebuildParameter
  case tuple
  /// nil: bytes without a type.
  case storage(Safetensors.DataType?)
  case type(Safetensors.DataType)
  case inert

  /// - Throws: `.refused` for every other name.
  init(module: String, name: String) throws(CheckpointError) {
    guard let known = Self.known["\(module).\(name)"] ?? Self.torch(module, name) else {
      throw CheckpointError(
        .refused,
        "the pickle asks for \("\(module).\(name)".prefix(120).debugDescription), which weights do"
          + " not need; nothing was run. If you trust where it comes from, save the state_dict"
          + " alone: torch.save(model.state_dict(), \"weights.pth\")")
    }
    self = known
  }

  private static let known: [String: PickleGlobal] = {
    var names: [String: PickleGlobal] = [
      "collections.OrderedDict": .orderedDictionary,
      "collections.defaultdict": .orderedDictionary,
      "torch._utils._rebuild_tensor": .rebuildTensor,
      "torch._utils._rebuild_tensor_v2": .rebuildTensor,
      "torch._utils._rebuild_tensor_v3": .rebuildTensorOfType,
      "torch._utils._rebuild_parameter": .rebuildParameter,
      "torch._utils._rebuild_parameter_with_state": .rebuildParameter,
      "torch.Size": .tuple,
      "torch.storage.UntypedStorage": .storage(nil),
      "torch.UntypedStorage": .storage(nil),
      // Training runs leave these beside their weights.
      "argparse.Namespace": .inert, "types.SimpleNamespace": .inert, "torch.device": .inert,
      "collections.Counter": .inert, "copyreg._reconstructor": .inert,
      "copy_reg._reconstructor": .inert, "_codecs.encode": .inert,
      "pathlib.PosixPath": .inert, "pathlib.WindowsPath": .inert, "pathlib.Path": .inert,
      "datetime.datetime": .inert, "datetime.timedelta": .inert,
      "numpy.dtype": .inert, "numpy.ndarray": .inert,
      "numpy.core.multiarray.scalar": .inert, "numpy._core.multiarray.scalar": .inert,
      "numpy.core.multiarray._reconstruct": .inert, "numpy._core.multiarray._reconstruct": .inert,
    ]
    for builtin in [
      "dict", "list", "set", "frozenset", "tuple", "int", "float", "bool", "str", "bytes",
      "bytearray", "complex", "object",
    ] {
      names["builtins.\(builtin)"] = .inert
      names["__builtin__.\(builtin)"] = .inert
    }
    for (storage, type) in storages { names["torch.\(storage)Storage"] = .storage(type) }
    for (name, type) in types { names["torch.\(name)"] = .type(type) }
    return names
  }()

  private static let storages: [String: Safetensors.DataType] = [
    "Float": .f32, "Half": .f16, "BFloat16": .bf16, "Double": .f64, "Long": .i64, "Int": .i32,
    "Short": .i16, "Char": .i8, "Byte": .u8, "Bool": .bool,
  ]

  private static let types: [String: Safetensors.DataType] = [
    "float32": .f32, "float16": .f16, "bfloat16": .bf16, "float64": .f64, "int64": .i64,
    "int32": .i32, "int16": .i16, "int8": .i8, "uint64": .u64, "uint32": .u32, "uint16": .u16,
    "uint8": .u8, "bool": .bool,
  ]

  /// An optimizer or schedule that was saved whole, as SAM-Med2D's training does.
  private static func torch(_ module: String, _ name: String) -> PickleGlobal? {
    guard module.hasPrefix("torch.optim."), name.first?.isUppercase == true,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }),
      module.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "." || $0 == "_") })
    else { return nil }
    return .inert
  }
}
