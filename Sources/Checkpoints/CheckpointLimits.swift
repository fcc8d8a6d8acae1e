/// What a checkpoint may ask for. Each bound is far above what networks of a billion parameters need.
public struct CheckpointLimits: Sendable, Hashable {
  /// Bytes of the file.
  public var fileBytes = 16 << 30
  /// Members of a zip archive.
  public var members = 50_000
  /// Unpacked bytes of all members for each byte of the file, beyond `freeBytes`. PyTorch does not
  /// compress; weights that others compressed shrink little.
  public var expansion = 16
  public var freeBytes = 1 << 20
  /// Bytes of the pickle that describes the tensors.
  public var pickleBytes = 64 << 20
  /// Values on the pickle machine's stack, and open marks.
  public var stackDepth = 100_000
  public var marks = 1_000
  /// Values that the pickle remembers, containers that it makes, and members of them all.
  public var memo = 1_000_000
  public var containers = 1_000_000
  public var containerMembers = 2_000_000
  /// Bytes of one string.
  public var stringBytes = 1 << 20
  /// Tensors, and the dimensions of one.
  public var tensors = 20_000
  public var rank = 16
  /// Elements of a tensor that repeats those of a smaller storage (a stride of zero).
  public var repeatedElements = 1 << 16

  public init() {}
  public static let standard = CheckpointLimits()
}
