import Foundation
import JSONC
import Logging

/// How a server logs.
enum LogFormat: String, CaseIterable, Sendable { case json, text }

/// One line of JSON on standard error for each message: `time`, `level`, `message`, and its metadata.
struct JSONLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let (level, message, metadata) = (event.level, event.message, event.metadata)
    var line: JSONObject = [
      "time": .string(
        Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
      "level": .string(level.rawValue), "message": .string("\(message)"),
    ]
    let all = self.metadata.merging(metadata ?? [:]) { _, new in new }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      let text = "\(value)"
      line[key] = Double(text).map { JSONValue($0) } ?? .string(text)
    }
    guard let bytes = try? JSONValue.object(line).encoded() else { return }
    Console.error(String(decoding: bytes, as: UTF8.self))
  }
}
