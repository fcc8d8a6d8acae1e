/// What a text from outside may cost to read.
public struct JSONLimits: Sendable, Hashable {
  /// Bytes of the whole text.
  public var bytes: Int
  /// Nested arrays and objects; a bare number has depth 0. At most `JSONLimits.deepest`.
  public var depth: Int
  /// Members of all objects and elements of all arrays together.
  public var members: Int

  /// json-c and this module recurse over the depth: beyond this a thread's stack is at risk.
  public static let deepest = 512

  public init(bytes: Int = 16 << 20, depth: Int = 64, members: Int = 1_000_000) {
    self.bytes = max(0, min(bytes, Int(Int32.max) - 1))
    self.depth = max(0, min(depth, Self.deepest))
    self.members = max(0, members)
  }

  public static let standard = JSONLimits()
}
