import JSONC
import Testing
import ZeroMQ

/// A reply, as JSON and bytes.
struct Answered: Sendable {
  var header: JSONValue
  var outputs: [[UInt8]]

  var status: String? { header["status"]?.stringValue }
  var id: String? { header["id"]?.stringValue }
  var code: String? { header["error"]?["code"]?.stringValue }
  var result: JSONValue? { header["result"] }
  func category(_ n: Int) -> JSONValue? { header["result"]?["categories"]?[n] }
}

/// One end of a socket, with a time limit on everything that waits.
actor Peer {
  let endpoint: Endpoint
  private var arrived: [Message] = []
  private var waiter: CheckedContinuation<Void, Never>?
  private var pump: Task<Void, Never>?
  private let isEnveloped: Bool
  static let limit = Duration.seconds(20)

  struct TimedOut: Error {}

  init(_ endpoint: Endpoint, isEnveloped: Bool = false) {
    self.endpoint = endpoint
    self.isEnveloped = isEnveloped
  }

  /// The next message's frames.
  func frames() async throws -> [Frame] {
    if pump == nil {
      pump = Task {
        for await message in endpoint.messages { self.put(message) }
      }
    }
    if arrived.isEmpty {
      let limit = Task {
        try? await Task.sleep(for: Self.limit)
        if !Task.isCancelled { self.wake() }
      }
      await withCheckedContinuation { waiter = $0 }
      limit.cancel()
    }
    guard !arrived.isEmpty else { throw TimedOut() }
    return arrived.removeFirst().frames
  }

  private func put(_ message: Message) {
    arrived.append(message)
    wake()
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  /// The next reply.
  func reply() async throws -> Answered {
    let frames = try await frames()
    let header = try #require(frames.first)
    return Answered(
      header: try JSONValue(parsing: header.bytes), outputs: frames.dropFirst().map(\.bytes))
  }

  nonisolated func send(_ header: JSONValue, _ inputs: [[UInt8]] = []) throws {
    let frame = Frame(try header.encoded())
    #expect(endpoint.send(Message([frame] + inputs.map { Frame($0) })))
  }

  func ask(_ header: JSONValue, _ inputs: [[UInt8]] = []) async throws -> Answered {
    try send(header, inputs)
    return try await reply()
  }
}

/// The header of a request.
func request(
  _ method: String, id: String, _ parameters: JSONObject = [:], inputs: [JSONValue] = [],
  _ more: JSONObject = [:]
) -> JSONValue {
  var header: JSONObject = [
    "protocol": "segsam/1", "id": .string(id), "method": .string(method),
    "parameters": .object(parameters),
  ]
  if !inputs.isEmpty { header["inputs"] = .array(inputs) }
  for (key, value) in more { header[key] = value }
  return .object(header)
}

/// A small picture, or volume where there is a depth: UINT8 samples that count up from `seed`.
struct TestImage: Sendable {
  var shape: [Int] = [12, 16]
  var seed: UInt8 = 0

  var entry: JSONValue {
    [
      "name": "image", "datatype": "UINT8", "shape": JSONValue(shape),
      "parameters": ["layout": shape.count == 2 ? "HW" : "DHW", "modality": "CT"],
    ]
  }

  var bytes: [UInt8] {
    (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0) &+ seed }
  }
}

extension Peer {
  func segment(
    _ parameters: JSONObject, id: String = "1", image: TestImage = TestImage(),
    _ more: JSONObject = [:]
  ) async throws -> Answered {
    try sendSegment(parameters, id: id, image: image, more)
    return try await reply()
  }

  nonisolated func sendSegment(
    _ parameters: JSONObject = ["categories": ["liver"]], id: String,
    image: TestImage = TestImage(), _ more: JSONObject = [:]
  ) throws {
    try send(
      request("segment", id: id, parameters, inputs: [image.entry], more), [image.bytes])
  }
}
