import BusProtocol
import Synchronization
import ZeroMQ

/// The requests in flight, by id.
final class Registry: Sendable {
  private struct State: Sendable {
    var exchanges: [String: Exchange] = [:]
    var isClosed = false
  }

  private let state = Mutex(State())
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  func add(_ exchange: Exchange) throws(ClientError) {
    try state.withLock { state throws(ClientError) in
      guard !state.isClosed else { throw .closed }
      guard state.exchanges.count < capacity else { throw .overloaded }
      guard state.exchanges[exchange.id] == nil else {
        throw .refused(
          ProtocolError(.idConflict, "a request of this client with this id is in flight"))
      }
      state.exchanges[exchange.id] = exchange
    }
  }

  /// Ends a request here, whatever the server may still say.
  func settle(_ id: String, _ outcome: Result<Reply, ClientError>) {
    state.withLock { $0.exchanges.removeValue(forKey: id) }?.settle(outcome)
  }

  /// A message of the server. What belongs to no request in flight is late or foreign: dropped.
  func receive(_ message: Message) {
    let payloads = message.payloads
    let reply: Reply
    do throws(ProtocolError) {
      reply = try Reply(frames: payloads)
    } catch {
      if let id = Reply.id(in: payloads) {
        settle(id, .failure(.malformedReply(error.message)))
      }
      return
    }
    guard let id = reply.header.id else { return }
    guard reply.header.status.isFinal else {
      state.withLock { $0.exchanges[id] }?.note(reply.header)
      return
    }
    if let error = reply.header.error {
      settle(id, .failure(.refused(error)))
    } else {
      settle(id, .success(reply))
    }
  }

  func close() {
    let rest = state.withLock { state in
      state.isClosed = true
      defer { state.exchanges = [:] }
      return Array(state.exchanges.values)
    }
    for exchange in rest { exchange.settle(.failure(.closed)) }
  }
}
