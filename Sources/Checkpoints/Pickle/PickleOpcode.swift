/// The opcodes of pickle protocols 0 to 5. Source: Python's `pickletools`.
enum PickleOpcode: UInt8, Sendable, CaseIterable {
  case mark = 0x28
  case stop = 0x2e
  case pop = 0x30
  case popMark = 0x31
  case duplicate = 0x32
  // Scalars.
  case float = 0x46
  case integer = 0x49
  case int32 = 0x4a
  case uint8 = 0x4b
  case long = 0x4c
  case uint16 = 0x4d
  case none = 0x4e
  case double = 0x47
  case isTrue = 0x88
  case isFalse = 0x89
  case long1 = 0x8a
  case long4 = 0x8b
  // Text and bytes.
  case string = 0x53
  case string4 = 0x54
  case string1 = 0x55
  case unicode = 0x56
  case unicode4 = 0x58
  case unicode1 = 0x8c
  case unicode8 = 0x8d
  case bytes1 = 0x43
  case bytes4 = 0x42
  case bytes8 = 0x8e
  case byteArray8 = 0x96
  // Containers.
  case append = 0x61
  case appends = 0x65
  case dictionary = 0x64
  case emptyDictionary = 0x7d
  case list = 0x6c
  case emptyList = 0x5d
  case setItem = 0x73
  case setItems = 0x75
  case tuple = 0x74
  case emptyTuple = 0x29
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case emptySet = 0x8f
  case addItems = 0x90
  case frozenSet = 0x91
  // Memory.
  case get = 0x67
  case get1 = 0x68
  case get4 = 0x6a
  case put = 0x70
  case put1 = 0x71
  case put4 = 0x72
  case memoize = 0x94
  // Names, and what is made of them.
  case global = 0x63
  case stackGlobal = 0x93
  case reduce = 0x52
  case build = 0x62
  case instance = 0x69
  case object = 0x6f
  case newObject = 0x81
  case newObjectKeywords = 0x92
  case extension1 = 0x82
  case extension2 = 0x83
  case extension4 = 0x84
  case persistentLine = 0x50
  case persistent = 0x51
  // Framing.
  case version = 0x80
  case frame = 0x95
  case nextBuffer = 0x97
  case readOnlyBuffer = 0x98
}
