import BusProtocol
import Synchronization
import ZeroMQ

/// The requests in flight, by id, and the socket that they go over: each is sent until it is
/// answered (Lazy Pirate, zguide chapter 4).
///
/// A try without a sign of life is over after its time. Where the socket brought nothing for others
/// either, it is closed and a new one takes its place, which all requests in flight are sent over
/// at once, the same frames under the same ids; what the old one may still bring is dropped.
final class Courier: Sendable {
  typealias Open = @Sendable () async throws(ZMQError) -> Endpoint

  /// A socket of the client's.
  struct Link: Sendable {
    let endpoint: Endpoint
    let number: Int
    /// When it last brought anything.
    var heardAt: Duration?
  }

  struct State: Sendable {
    var letters: [String: Letter] = [:]
    var size = 0
    var lastSerial = 0
    var link: Link
    /// A new socket is being opened: what is to be sent waits for it.
    var isReplacing = false
    /// For the new socket.
    var cancels: [Message] = []
    var isClosed = false
    var generator: SplitMix64
  }

  let state: Mutex<State>
  let policy: RetryPolicy
  let time: any Timekeeper
  private let clientID: String
  private let capacity: Int, byteCapacity: Int
  private let open: Open

  /// - Parameters:
  ///   - capacity: requests in flight at a time.
  ///   - byteCapacity: bytes of all of them: they are kept until they are answered.
  ///   - open: opens a socket to the server.
  init(
    clientID: String, policy: RetryPolicy, capacity: Int, byteCapacity: Int,
    time: any Timekeeper, open: @escaping Open
  ) async throws(ZMQError) {
    self.clientID = clientID
    self.policy = policy
    self.capacity = capacity
    self.byteCapacity = byteCapacity
    self.time = time
    self.open = open
    let link = Link(endpoint: try await open(), number: 1)
    state = Mutex(State(link: link, generator: policy.generator))
    listen(to: link)
  }

  private func listen(to link: Link) {
    let (messages, number) = (link.endpoint.messages, link.number)
    Task {
      for await message in messages { self.receive(message, from: number) }
      // Closed from without, as with its context.
      if self.state.withLock({ $0.link.number == number }) { self.close() }
    }
  }

  /// Sends a request, and again as the policy says, until it is settled.
  ///
  /// - Throws: `closed`, `overloaded`, or `refused` where its id is in flight.
  func send(
    _ message: Message, for exchange: Exchange, patience: Duration, isDurable: Bool
  ) throws(ClientError) {
    let now = time.now
    try state.withLock { state throws(ClientError) in
      guard !state.isClosed else { throw .closed }
      let size = message.byteCount
      guard state.letters.count < capacity, state.size + size <= byteCapacity else {
        throw .overloaded
      }
      guard state.letters[exchange.id] == nil else {
        throw .refused(
          ProtocolError(.idConflict, "a request of this client with this id is in flight"))
      }
      if !state.isReplacing {
        guard state.link.endpoint.send(message) else { throw .overloaded }
      }
      state.lastSerial += 1
      var letter = Letter(
        serial: state.lastSerial, exchange: exchange, message: message, size: size,
        isDurable: isDurable, start: now, patience: patience,
        tries: Tries(policy: policy, bytes: size, now: now, end: now + patience))
      if !state.isReplacing { (letter.sentAt, letter.link) = (now, state.link.number) }
      letter.timer = timer(for: letter)
      state.letters[exchange.id] = letter
      state.size += size
    }
  }

  /// Ends a request here, whatever the server may still say.
  func settle(_ id: String, _ outcome: Result<Reply, ClientError>) {
    state.withLock { $0.remove(id) }?.settle(outcome)
  }

  /// Ends a request that nobody waits for any more, and has the server cancel it.
  func abandon(_ exchange: Exchange) {
    let id = exchange.id
    let isOurs = state.withLock { state in
      guard let letter = state.letters[id], letter.exchange === exchange else { return false }
      _ = state.remove(id)
      guard !letter.isDurable, let cancel = Message(cancelling: id, of: clientID) else {
        return true
      }
      if state.isReplacing {
        state.cancels.append(cancel)
      } else {
        state.link.endpoint.send(cancel)
      }
      return true
    }
    if isOurs { exchange.settle(.failure(.cancelled)) }
  }

  /// Ends all requests, and takes no more.
  func close() {
    let rest = state.withLock { state in
      state.isClosed = true
      return state.letters.keys.compactMap { state.remove($0) }
    }
    for exchange in rest { exchange.settle(.failure(.closed)) }
  }

  /// Opens a new socket in place of the present one; `isReplacing` is set already.
  func replace() async {
    var opened: Endpoint?
    do throws(ZMQError) { opened = try await open() } catch {}
    let now = time.now
    let (link, surplus) = state.withLock { state -> (Link?, Endpoint?) in
      state.isReplacing = false
      if state.isClosed { return (nil, opened) }
      guard let opened else {
        // Too many sockets, perhaps: better over the old one than not at all.
        state.sendAll(at: now, alsoSent: false)
        return (nil, nil)
      }
      let old = state.link
      state.link = Link(endpoint: opened, number: old.number + 1)
      state.sendAll(at: now, alsoSent: true)
      return (state.link, old.endpoint)
    }
    if let link { listen(to: link) }
    await surplus?.close()
    rewind()
  }
}

extension Courier.State {
  /// Takes a request out.
  mutating func remove(_ id: String) -> Exchange? {
    guard let letter = letters.removeValue(forKey: id) else { return nil }
    size -= letter.size
    letter.timer?.cancel()
    return letter.exchange
  }

  /// Sends what is waited for over the present socket.
  ///
  /// - Parameter alsoSent: also what was sent over another one.
  mutating func sendAll(at now: Duration, alsoSent: Bool) {
    // In the order in which they came.
    for letter in letters.values.sorted(by: { $0.serial < $1.serial })
    where letter.tries.phase == .waiting && (alsoSent || letter.sentAt == nil) {
      transmit(letter.exchange.id, at: now)
    }
    for cancel in cancels { link.endpoint.send(cancel) }
    cancels = []
  }

  /// Sends a request, in a try that has begun already.
  mutating func transmit(_ id: String, at now: Duration) {
    guard let letter = letters[id] else { return }
    if link.endpoint.send(letter.message) {
      letters[id]?.sentAt = now
      letters[id]?.link = link.number
    } else {
      letters[id]?.tries.postpone(to: now + Self.noRoomPause)
    }
  }

  /// Until there is room in the socket's queue again.
  private static var noRoomPause: Duration { .milliseconds(100) }
}

extension Message {
  /// A request to cancel another. Nobody waits for its answer.
  fileprivate init?(cancelling id: String, of client: String) {
    let cancel = MethodParameters.cancel(id: id)
    let header = RequestHeader(
      id: .newID(), client: client, method: cancel.method.rawValue, parameters: cancel.json)
    guard let payloads = try? header.frames() else { return nil }
    self.init(payloads.map { Frame($0.array) })
  }
}
