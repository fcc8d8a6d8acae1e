import BusProtocol
import JSONC
import Journal
import Testing
import ZeroMQ

@testable import Server

/// The stream's numbering where there are more topics than are remembered.
@Suite(.timeLimit(.minutes(1)))
struct PublisherTests {
  @Test func countsNeverGoBack() async throws {
    let loop = try SocketLoop()
    let endpoint = try await loop.open(.push, at: [.bind("inproc://stream")])
    let reader = Peer(try await loop.open(.pull, at: [.connect("inproc://stream")]))
    let publisher = Publisher(
      endpoint: endpoint,
      journal: try StreamJournal(folder: nil, limits: JournalLimits(topics: 8)))
    let studies = (0..<60).map { "s\($0 % 3 == 0 ? 0 : $0 * 7 % 20)" }
    for study in studies { publisher.publish(StreamDraft(topic: .report(study: study))) }
    var last: [String: Int] = [:]
    for (n, study) in studies.enumerated() {
      let frames = try await reader.frames()
      let header = try JSONValue(parsing: frames[1].bytes)
      let count = try #require(header["topic_position"]?.intValue)
      #expect(frames[0].text == "report.\(study)")
      #expect(header["position"] == JSONValue(n + 1))
      #expect(count > last[study] ?? 0)
      // A topic in steady use is never forgotten, and has no gap.
      if study == "s0" { #expect(count == (last[study] ?? 0) + 1) }
      last[study] = count
    }
    await publisher.flush()
    #expect(publisher.position == 60)
    await loop.shutdown()
  }
}
