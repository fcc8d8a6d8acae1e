/// The opcodes of pickle protocols 0 to 5. Source: Python's `pickletools`.
enum PickleOpcode: UInt8, Sendable, CaseIterable {
  case mark = 0x28, stop = 0x2e, pop = 0x30, popMark = 0x31, duplicate = 0x32
  // Scalars.
  case float = 0x46, integer = 0x49, int32 = 0x4a, uint8 = 0x4b, long = 0x4c, uint16 = 0x4d
  case none = 0x4e, double = 0x47, true_ = 0x88, false_ = 0x89, long1 = 0x8a, long4 = 0x8b
  // Text and bytes.
  case string = 0x53, string4 = 0x54, string1 = 0x55, unicode = 0x56, unicode4 = 0x58
  case unicode1 = 0x8c, unicode8 = 0x8d, bytes1 = 0x43, bytes4 = 0x42, bytes8 = 0x8e
  case byteArray8 = 0x96
  // Containers.
  case append = 0x61, appends = 0x65, dictionary = 0x64, emptyDictionary = 0x7d, list = 0x6c
  case emptyList = 0x5d, setItem = 0x73, setItems = 0x75, tuple = 0x74, emptyTuple = 0x29
  case tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87, emptySet = 0x8f, addItems = 0x90
  case frozenSet = 0x91
  // Memory.
  case get = 0x67, get1 = 0x68, get4 = 0x6a, put = 0x70, put1 = 0x71, put4 = 0x72, memoize = 0x94
  // Names, and what is made of them.
  case global = 0x63, stackGlobal = 0x93, reduce = 0x52, build = 0x62, instance = 0x69
  case object = 0x6f, newObject = 0x81, newObjectKeywords = 0x92
  case extension1 = 0x82, extension2 = 0x83, extension4 = 0x84
  case persistentLine = 0x50, persistent = 0x51
  // Framing.
  case protocol_ = 0x80, frame = 0x95, nextBuffer = 0x97, readOnlyBuffer = 0x98
}
