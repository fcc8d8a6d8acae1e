import BusProtocol
import Foundation
import Journal

/// Answers are on the disk before what they publish is in the stream's journal, which is another file:
/// a kill between the two must not lose a result.
extension DurableRequests {
  /// What a request was to publish is in the stream's journal.
  func published(_ key: RequestKey) { note { try journal.published(Self.key(key)) } }

  /// Publishes what an earlier life has answered and not published.
  func publishLeft(by publisher: Publisher) {
    publisher.afterwards { publish in
      note {
        for left in try journal.outgoing() {
          let messages = left.messages.compactMap { frames in
            try? StreamMessage(frames: frames.map { Payload($0) })
          }
          // They went there in order: the first may have come through.
          let done = try publisher.journal.count(of: left.request, among: messages)
          let isKept = messages.dropFirst(done).allSatisfy { publish(StreamDraft($0)) }
          // Where the disk is full: at the next start.
          if isKept { try journal.published(left.key) }
        }
      }
    }
  }
}

extension StreamJournal {
  /// Of a request's messages under the topics of these, how many there are.
  fileprivate func count(
    of request: String, among messages: [StreamMessage]
  ) throws(JournalError) -> Int {
    let topics = Set(messages.compactMap(\.topic.text))
    guard !topics.isEmpty else { return 0 }
    var (count, from) = (0, 0)
    while true {
      let page = try replay(from: from, topics: Array(topics), limit: 256, bytes: 16 << 20)
      count +=
        page.messages.count { record in
          let frames = record.frames.map { Payload($0) }
          return topics.contains(record.topic)
            && (try? StreamMessage(frames: [Payload(record.topic)] + frames))?.header.request
              == request
        }
      guard page.isTruncated else { return count }
      from = page.next
    }
  }
}

extension StreamDraft {
  /// To be kept until it has its place in the stream; nil where it has no place there.
  var kept: [[UInt8]]? {
    let header = StreamHeader(
      position: 0, time: "", request: request, study: study, category: category, result: result)
    let message = StreamMessage(topic: topic, header: header, tensors: tensors)
    return try? message.frames().map(\.array)
  }

  init(_ message: StreamMessage) {
    let header = message.header
    self.init(
      topic: message.topic, request: header.request, study: header.study,
      category: header.category, result: header.result, tensors: message.tensors)
  }
}
