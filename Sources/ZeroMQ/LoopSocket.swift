import CZeroMQ
import Glibc

/// A socket in its loop: moves messages between libzmq and the endpoint's queues.
///
/// Not `Sendable`: the loop's thread alone has it.
final class LoopSocket {
  private let socket: Socket
  let endpoint: Endpoint
  /// Peers (or the one queue of other sockets) that libzmq could not take a message for.
  private var stalled: [Outbox.Key: ContinuousClock.Instant] = [:]

  /// Messages read or sent in one turn before other sockets and jobs have theirs.
  private static let burst = 64
  /// Milliseconds; a ROUTER does not say when a full peer has room again.
  private static let retry = 5

  init(_ socket: consuming Socket, endpoint: Endpoint) {
    self.socket = socket
    self.endpoint = endpoint
  }

  func subscribe(_ topic: String, _ wanted: Bool) throws(ZMQError) {
    if wanted { try socket.subscribe(topic) } else { try socket.unsubscribe(topic) }
  }

  var pollItem: zmq_pollitem_t {
    var events: Int32 = 0
    if endpoint.inbox.hasRoom { events |= ZMQ_POLLIN }
    if !stalled.isEmpty && socket.kind != .router { events |= ZMQ_POLLOUT }
    return zmq_pollitem_t(socket: socket.raw, fd: 0, events: Int16(events), revents: 0)
  }

  /// Milliseconds after which to try again to send; nil where nothing waits for that.
  var retryPause: Int? {
    if endpoint.outbox.hasMore(than: Set(stalled.keys)) { return 0 }
    return stalled.isEmpty || socket.kind != .router ? nil : Self.retry
  }

  func serve() {
    sendSome()
    receiveSome()
  }

  private func sendSome() {
    let now = ContinuousClock.now
    var blocked = Set<Outbox.Key>()
    for _ in 0..<Self.burst {
      guard let (key, message) = endpoint.outbox.first(except: blocked) else { break }
      do {
        if try socket.send(message, isBlocking: false) {
          endpoint.outbox.removeFirst(key)
          stalled[key] = nil
        } else {
          blocked.insert(key)
          let since = stalled[key] ?? now
          stalled[key] = since
          if now - since > endpoint.limits.stall {
            endpoint.outbox.drop(key)
            stalled[key] = nil
          }
        }
      } catch {
        // A peer that is gone loses all that waits for it; any other fault loses this message.
        if error.code == EHOSTUNREACH {
          endpoint.outbox.drop(key)
        } else {
          endpoint.outbox.removeFirst(key, isLost: true)
        }
        stalled[key] = nil
      }
    }
    stalled = stalled.filter { endpoint.outbox.has($0.key) }
    endpoint.outbox.wakeFlushers()
  }

  private func receiveSome() {
    for _ in 0..<Self.burst {
      guard endpoint.inbox.hasRoom else { return }
      do {
        guard
          let message = try socket.receive(isBlocking: false, limits: endpoint.limits.message)
        else { return }
        endpoint.inbox.put(message)
      } catch {
        return
      }
    }
  }
}
