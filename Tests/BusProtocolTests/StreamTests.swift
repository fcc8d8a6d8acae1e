import BusProtocol
import JSONC
import Testing

@Suite struct StreamTests {
  @Test(
    arguments: [
      ("result.study1.left_kidney", .result(study: "study1", category: "left_kidney")),
      ("report.A-b_9", .report(study: "A-b_9")), ("progress.5d0e", .progress(request: "5d0e")),
      ("heartbeat", .heartbeat),
    ] as [(String, Topic)])
  func topics(_ text: String, _ topic: Topic) {
    #expect(Topic(text) == topic)
    #expect(topic.text == text)
  }

  @Test(arguments: [
    "", ".", "result", "result.a", "result.a.", "result..b", "result.a.b.c", "report.a b",
    "heartbeat.x", "news.a", "report.ü", "report." + String(repeating: "a", count: 65),
  ])
  func noTopics(_ text: String) { #expect(Topic(text) == nil) }

  @Test func namesAreChecked() {
    #expect(Topic.report(study: "a.b").text == nil)
    #expect(Topic.result(study: "a", category: "").text == nil)
    #expect(Topic.resultsPrefix(study: "s") == "result.s.")
  }

  @Test func roundTrip() throws {
    let message = StreamMessage(
      topic: .result(study: "s", category: "liver"),
      header: StreamHeader(
        position: 7, topicPosition: 2, time: "2026-11-21T00:00:00.000Z", request: "5d",
        study: "s", category: "liver", result: ["present": true]),
      tensors: [
        Tensor(
          name: "mask", datatype: .uint8, shape: [1, 1],
          parameters: ["encoding": "bits", "mask_shape": [2, 2]], bytes: [0xA0])
      ])
    var expected = message
    expected.header.outputs = message.tensors.map(\.entry)
    #expect(try StreamMessage(frames: message.frames()) == expected)
  }

  @Test(arguments: [
    ["heartbeat"], ["news", #"{"protocol":"segsam/1","position":1,"time":""}"#],
    ["heartbeat", "{"], ["heartbeat", #"{"protocol":"segsam/1","time":""}"#],
    ["heartbeat", #"{"protocol":"segsam/1","position":1,"time":""}"#, "surplus"], [],
  ])
  func malformed(_ frames: [String]) {
    #expect(throws: ProtocolError.self) { try StreamMessage(frames: frames.map { Payload($0) }) }
  }

  @Test(
    arguments: [
      (.uint8, [2, 3], 6), (.fp32, [2, 3], 24), (.int16, [], 2), (.uint8, [0, 5], 0),
      (.bytes, [], nil), (.uint8, [-1], nil), (.uint8, [.max, 2], nil), (.uint16, [.max], nil),
      (.uint8, [.max, 3, 0], nil), (.uint8, [0, .max, 3], nil),
    ] as [(Datatype, [Int], Int?)])
  func byteCounts(_ datatype: Datatype, _ shape: [Int], _ count: Int?) {
    #expect(TensorEntry(name: "x", datatype: datatype, shape: shape).byteCount == count)
  }
}
