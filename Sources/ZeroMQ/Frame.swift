import CZeroMQ

/// One part of a message: bytes that libzmq holds.
///
/// Sending shares the bytes by reference count (above 29 bytes), so that one frame can go to many
/// peers without being copied.
// Immutable once built, and libzmq's reference counts are atomic.
public final class Frame: @unchecked Sendable {
  let message: UnsafeMutablePointer<zmq_msg_t>

  /// An empty frame, to receive into.
  init() {
    message = .allocate(capacity: 1)
    zmq_msg_init(message)
  }

  /// A frame of `count` bytes that `fill` writes in place, zero before that. Memory for it that
  /// cannot be had is an error (`ENOMEM`), not a crash.
  public init(count: Int, fill: (inout MutableRawSpan) -> Void = { _ in }) throws(ZMQError) {
    message = .allocate(capacity: 1)
    guard count >= 0, zmq_msg_init_size(message, count) == 0 else {
      zmq_msg_init(message)
      throw .last("zmq_msg_init_size")
    }
    let buffer = UnsafeMutableRawBufferPointer(start: zmq_msg_data(message), count: count)
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    var span = buffer.mutableBytes
    fill(&span)
  }

  /// A frame with a copy of `bytes`.
  public init(_ bytes: some Sequence<UInt8>) {
    message = .allocate(capacity: 1)
    let copied: Void? = bytes.withContiguousStorageIfAvailable { Self.fill(message, with: $0) }
    if copied == nil { Array(bytes).withUnsafeBufferPointer { Self.fill(message, with: $0) } }
  }

  /// A frame of the text in UTF-8.
  public convenience init(_ text: String) { self.init(text.utf8) }

  deinit {
    zmq_msg_close(message)
    message.deallocate()
  }

  /// The number of bytes.
  public var count: Int { zmq_msg_size(message) }

  public var isEmpty: Bool { count == 0 }

  /// Lends the bytes.
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: count).bytes)
  }

  /// A copy of the bytes.
  public var bytes: [UInt8] {
    let buffer = UnsafeRawBufferPointer(start: zmq_msg_data(message), count: count)
    return [UInt8](buffer)
  }

  /// The bytes as UTF-8 text, what is not valid replaced.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// What libzmq knows of the connection that the frame came by.
  ///
  /// A peer that was not authenticated can set any property itself, `User-Id` among them.
  func property(_ name: String) -> String? {
    zmq_msg_gets(message, name).map { String(cString: $0) }
  }

  private static func fill(
    _ message: UnsafeMutablePointer<zmq_msg_t>, with bytes: UnsafeBufferPointer<UInt8>
  ) {
    // libzmq copies; it fails only where there is no memory, as an array of Swift's would.
    let done = zmq_msg_init_size(message, bytes.count)
    precondition(done == 0, "no memory for a frame of \(bytes.count) bytes")
    if let source = bytes.baseAddress, let target = zmq_msg_data(message) {
      target.copyMemory(from: source, byteCount: bytes.count)
    }
  }
}

extension Frame: Equatable {
  public static func == (a: Frame, b: Frame) -> Bool {
    a === b || (a.count == b.count && a.bytes == b.bytes)
  }
}
