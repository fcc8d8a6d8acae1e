import ArgumentParser
import BusProtocol
import Client
import JSONC

/// `segsam watch`.
struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows what a server publishes, as it happens.",
    discussion: """
      Topics: result.<study>, result.<study>.<category>, report.<study>, progress.<request>,
      heartbeat. Without --topic all are shown but heartbeats. Messages that were lost on the way
      are told.

        segsam watch tcp://127.0.0.1:5556 --topic result.study1
      """)

  @Argument(help: "The server's publishing endpoint, such as tcp://127.0.0.1:5556.")
  var endpoint: EndpointArgument

  @Option(help: ArgumentHelp("Show only this; may be repeated.", valueName: "topic"))
  var topic: [TopicArgument] = []

  @Option(help: ArgumentHelp("End after so many messages.", valueName: "n"))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "End with status 69 when nothing, not even a heartbeat, came for so long.",
      valueName: "seconds"))
  var timeout: Double?

  @OptionGroup var keys: KeyOptions

  @Flag(help: "Print each message as a line of JSON, without its tensors.")
  var json = false

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count is at least 1.") }
    if let timeout, !(timeout > 0 && timeout <= 1e6) {
      throw ValidationError("--timeout is a positive number of seconds.")
    }
  }

  func run() async throws {
    // Heartbeats tell that the server lives, wanted or not.
    let filters: [TopicFilter] = topic.isEmpty ? [.all] : topic.map(\.filter) + [.heartbeat]
    let stream = try await StreamSubscriber(
      endpoint: endpoint.text, filters, keys: try await keys.load())
    let silence = Silence()
    let guardian = timeout.map { limit in
      Task {
        while await silence.length < .seconds(limit) {
          try await Task.sleep(for: .milliseconds(100))
        }
        await stream.close()
      }
    }
    defer { guardian?.cancel() }
    var shown = 0
    for await event in stream {
      await silence.end()
      guard isWanted(event.message.topic) else { continue }
      if json {
        try Console.print(json: Self.json(event))
      } else {
        Console.print(Self.line(event))
      }
      shown += 1
      if shown == count { break }
    }
    await stream.close()
    if let timeout, shown != count {
      throw Failure(
        .noServer, "nothing came from \(endpoint.text) for \(timeout.text(0)) s",
        hints: ["is this the server's publishing endpoint, and does it run?"])
    }
  }

  private func isWanted(_ found: Topic) -> Bool {
    topic.isEmpty ? found != .heartbeat : topic.contains { $0.matches(found) }
  }

  static func line(_ event: StreamEvent) -> String {
    let (message, header) = (event.message, event.message.header)
    var parts = [header.time, message.topic.text ?? "?"]
    if event.lost > 0 { parts.append("(\(event.lost) lost before)") }
    parts.append("position \(header.position)")
    if let result = header.result { parts += summary(result) }
    if !message.tensors.isEmpty {
      parts.append(
        message.tensors.map { tensor in
          let shape = tensor.entry.shape.map(String.init).joined(separator: "×")
          return "\(tensor.entry.name) \(tensor.entry.datatype.rawValue) \(shape)"
        }.joined(separator: ", "))
    }
    return parts.joined(separator: "  ")
  }

  /// What stands at the first level, short.
  private static func summary(_ result: JSONValue) -> [String] {
    (result.objectValue ?? [:]).compactMap { member in
      switch member.value {
      case .object, .array, .null: nil
      case .string(let text): "\(member.key)=\(text)"
      case .double(let number): "\(member.key)=\(number.text(3))"
      default:
        (try? member.value.encoded()).map {
          "\(member.key)=\(String(decoding: $0, as: UTF8.self))"
        }
      }
    }
  }

  static func json(_ event: StreamEvent) -> JSONValue {
    var object: JSONObject = ["topic": .string(event.message.topic.text ?? "")]
    object["lost"] = JSONValue(event.lost)
    object["header"] = .object(event.message.header.json)
    return .object(object)
  }
}

/// Since when nothing has come.
private actor Silence {
  private var since = ContinuousClock.now
  var length: Duration { ContinuousClock.now - since }
  func end() { since = .now }
}
