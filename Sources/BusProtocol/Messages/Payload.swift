/// Where the bytes of a payload live. A ZeroMQ frame conforms, so that a large tensor is never
/// copied between the socket and its reader.
public protocol PayloadStorage: Sendable {
  /// Number of bytes; never changes.
  var count: Int { get }
  /// Lends the bytes for the length of the call. They never change.
  func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R
}

/// The bytes of one frame, immutable and shared without copying.
public struct Payload: Sendable {
  private let storage: any PayloadStorage

  /// Wraps bytes that something else owns, and keeps that owner alive.
  public init(storage: any PayloadStorage) { self.storage = storage }

  public init(_ bytes: [UInt8]) { storage = ArrayStorage(bytes: bytes) }
  public init(_ text: String) { self.init(Array(text.utf8)) }

  public var count: Int { storage.count }
  public var isEmpty: Bool { count == 0 }

  /// Lends the bytes for the length of the call.
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try storage.withBytes(body)
  }

  /// What the bytes live in, for a sender that knows its own kind and can pass it on uncopied.
  public var owner: any PayloadStorage { storage }

  /// A copy of the bytes; none is made where they are an array already.
  public var array: [UInt8] {
    if let own = storage as? ArrayStorage { return own.bytes }
    return withBytes { span in span.withUnsafeBytes { Array($0) } }
  }
}

extension Payload: Hashable {
  public static func == (a: Payload, b: Payload) -> Bool {
    a.count == b.count
      && a.withBytes { left in
        b.withBytes { right in
          left.withUnsafeBytes { l in right.withUnsafeBytes { r in l.elementsEqual(r) } }
        }
      }
  }

  public func hash(into hasher: inout Hasher) {
    withBytes { span in span.withUnsafeBytes { hasher.combine(bytes: $0) } }
  }
}

private struct ArrayStorage: PayloadStorage {
  let bytes: [UInt8]
  var count: Int { bytes.count }
  func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try body(bytes.span.bytes)
  }
}
