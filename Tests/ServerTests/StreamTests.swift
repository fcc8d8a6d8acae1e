import BusProtocol
import JSONC
import SegSAMTesting
import Server
import Testing
import ZeroMQ

/// Results, progress and heartbeats on the XPUB socket.
@Suite(.timeLimit(.minutes(1)))
struct StreamTests {
  struct Published {
    var topic: String
    var header: JSONValue
    var tensors: [[UInt8]]
  }

  /// The next message that is no heartbeat.
  func next(_ peer: Peer) async throws -> Published {
    while true {
      let frames = try await peer.frames()
      let topic = frames[0].text
      if topic == "heartbeat" { continue }
      return Published(
        topic: topic, header: try JSONValue(parsing: frames[1].bytes),
        tensors: frames.dropFirst(2).map(\.bytes))
    }
  }

  @Test func aStudyIsPublishedWithItsMasks() async throws {
    try await TestServer.with(.test { $0.heartbeat = .milliseconds(50) }) { server in
      let subscriber = try await server.subscriber("result.s1.")
      let client = try await server.client()
      let queries: JSONValue = ["liver", "spleen"]
      for round in 1...2 {
        let answer = try await client.segment(
          ["categories": queries, "publish": "s1"], id: "\(round)")
        _ = try await client.segment(
          ["categories": queries, "publish": "s10"], id: "other\(round)")
        for (n, name) in ["liver", "spleen"].enumerated() {
          let message = try await next(subscriber)
          #expect(message.topic == "result.s1.\(name)")
          #expect(message.header["topic_position"] == JSONValue(round))
          #expect(message.header["study"] == "s1" && message.header["category"] == .string(name))
          #expect(message.header["request"] == answer.header["request"])
          #expect(message.header["result"]?["voxels"] == answer.category(n)?["voxels"])
          let mask = answer.outputs[0][n * 192..<(n + 1) * 192]
          #expect(message.tensors == [MaskBits.pack(Array(mask))])
          #expect(message.header["outputs"]?[0]?["parameters"]?["mask_shape"] == [12, 16])
        }
      }
    }
  }

  @Test func positionsCountEveryMessageButHeartbeats() async throws {
    try await TestServer.with(.test { $0.heartbeat = .milliseconds(30) }) { server in
      let subscriber = try await server.subscriber("")
      let client = try await server.client()
      for n in 0..<3 {
        _ = try await client.segment(["categories": ["liver"], "publish": "s"], id: "\(n)")
      }
      let status = try await client.ask(request("status", id: "s"))
      let last = try #require(status.result?["position"]?.intValue)
      var positions: [Int] = []
      while positions.last ?? 0 < last {
        positions.append(try #require(try await next(subscriber).header["position"]?.intValue))
      }
      #expect(positions == Array(1...last))
      // The last word on a request may come after its answer.
      while true {
        let frames = try await subscriber.frames()
        let position = try JSONValue(parsing: frames[1].bytes)["position"]?.intValue
        if frames[0].text == "heartbeat" {
          if position == positions.last { break }
        } else {
          positions.append(try #require(position))
        }
      }
      #expect(positions == Array(1...positions.count))
    }
  }

  @Test func progressEndsWithTheOutcome() async throws {
    try await TestServer.with(.test { $0.heartbeat = .milliseconds(50) }) { server in
      let subscriber = try await server.subscriber("progress.")
      let client = try await server.client()
      let answer = try await client.segment(
        ["categories": ["liver"]], image: TestImage(shape: [4, 8, 8]))
      let name = try #require(answer.header["request"]?.stringValue)
      var seen: [JSONValue?] = []
      var topicPositions: [Int?] = []
      repeat {
        let message = try await next(subscriber)
        #expect(message.topic == "progress.\(name)")
        topicPositions.append(message.header["topic_position"]?.intValue)
        seen.append(message.header["result"]?["state"])
      } while seen.last == .some("running")
      #expect(seen.last == .some("ok") && seen.count >= 2)
      #expect(topicPositions == Array(1...seen.count))
    }
  }
}
