import CZeroMQ
import Foundation
import Synchronization

/// A libzmq context: its I/O threads, and the name space of `inproc` endpoints.
///
/// Sockets keep their context alive, because `zmq_ctx_term` blocks while one is open.
// libzmq's contexts are thread-safe by contract, and `raw` is only read or taken under the lock.
public final class Context: @unchecked Sendable {
  private let raw: Mutex<Handle>
  private struct Handle: @unchecked Sendable { var pointer: UnsafeMutableRawPointer? }
  private let authenticates = Atomic(false)

  /// - Parameter ioThreads: libzmq's network threads; one carries about a gigabyte a second.
  public init(ioThreads: Int = 1) throws(ZMQError) {
    guard let pointer = zmq_ctx_new() else { throw .last("zmq_ctx_new") }
    _ = zmq_ctx_set(pointer, ZMQ_IO_THREADS, Int32(clamping: max(1, ioThreads)))
    raw = Mutex(Handle(pointer: pointer))
  }

  deinit {
    guard let handle = take() else { return }
    // Termination waits for lingering messages: never on a thread of the cooperative pool.
    Thread.detachNewThread { _ = zmq_ctx_term(handle.pointer) }
  }

  /// Waits until lingering messages of closed sockets are sent (or their linger has run out), and
  /// ends the context. Sockets opened afterwards throw `ETERM`.
  public func terminate() async {
    guard let handle = take() else { return }
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        while zmq_ctx_term(handle.pointer) < 0 && zmq_errno() == EINTR {}
        continuation.resume()
      }
    }
  }

  /// Opens a raw socket; under the lock, so that it cannot race with termination.
  func openSocket(_ kind: SocketKind) throws(ZMQError) -> UnsafeMutableRawPointer {
    try raw.withLock { handle throws(ZMQError) in
      guard let context = handle.pointer else { throw .closed("zmq_socket") }
      guard let socket = zmq_socket(context, kind.code) else { throw .last("zmq_socket") }
      return Opened(pointer: socket)
    }.pointer
  }

  /// Whether clients of CURVE servers are asked about: by a handler that lives as long as this.
  var hasAuthenticator: Bool { authenticates.load(ordering: .acquiring) }

  func noteAuthenticator() { authenticates.store(true, ordering: .releasing) }

  private struct Opened: @unchecked Sendable { var pointer: UnsafeMutableRawPointer }

  private func take() -> Handle? {
    raw.withLock { handle in
      guard handle.pointer != nil else { return nil }
      defer { handle.pointer = nil }
      return handle
    }
  }
}
