import BusProtocol
import JSONC
import SegSAMTesting
import Server
import Testing
import ZeroMQ

/// Whatever is sent gets its documented error, and the server goes on.
@Suite(.timeLimit(.minutes(1)))
struct MalformedTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var code: String
    var frames: [[UInt8]]
    var testDescription: String { name }

    init(_ name: String, _ code: String, _ header: String, _ inputs: [[UInt8]] = []) {
      self.name = name
      self.code = code
      frames = [Array(header.utf8)] + inputs
    }
  }

  static func segment(
    _ parameters: String = #"{"categories":["liver"]}"#, image: String = #"{"layout":"HW"}"#,
    shape: String = "[2,2]", datatype: String = "UINT8", more: String = ""
  ) -> String {
    """
    {"protocol":"segsam/1","id":"bad","method":"segment","parameters":\(parameters)\(more),
    "inputs":[{"name":"image","datatype":"\(datatype)","shape":\(shape),"parameters":\(image)}]}
    """
  }

  static let pixels: [UInt8] = [1, 2, 3, 4]
  static let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)

  static let cases: [Case] = [
    Case("no JSON", "invalid_message", "hello"),
    Case("no object", "invalid_message", "[1]"),
    Case("deep JSON", "too_large", deep),
    Case("large header", "too_large", String(repeating: " ", count: 10 << 20)),
    Case("no protocol", "invalid_message", #"{"id":"bad","method":"status"}"#),
    Case("no id", "invalid_message", #"{"protocol":"segsam/1","method":"status"}"#),
    Case("no method", "invalid_message", #"{"protocol":"segsam/1","id":"bad"}"#),
    Case(
      "duplicate key", "invalid_argument",
      #"{"protocol":"segsam/1","id":"bad","method":"status","method":"cancel"}"#),
    Case("surplus frame", "invalid_message", segment(), [pixels, pixels]),
    Case("missing frame", "invalid_message", segment()),
    Case("wrong size", "invalid_argument", segment(), [[1, 2, 3]]),
    Case("negative shape", "invalid_argument", segment(shape: "[-2,-2]"), [pixels]),
    Case("overflow", "invalid_argument", segment(shape: "[4611686018427387904,8]"), [pixels]),
    Case("unknown datatype", "invalid_argument", segment(datatype: "INT9"), [pixels]),
    Case(
      "NaN", "invalid_argument", segment(shape: "[1,1]", datatype: "FP32"), [[0, 0, 0xc0, 0x7f]]),
    Case(
      "unknown parameter", "invalid_argument",
      segment(#"{"categories":["liver"],"threshhold":0.5}"#), [pixels]),
    Case("threshold 2", "invalid_argument", segment(#"{"threshold":2}"#), [pixels]),
    Case("nothing asked", "invalid_argument", segment("{}"), [pixels]),
    Case("inverted box", "invalid_argument", segment(#"{"boxes":[[2,2,1,1]]}"#), [pixels]),
    Case("box outside", "invalid_argument", segment(#"{"boxes":[[5,5,6,6]]}"#), [pixels]),
    Case(
      "bad study", "invalid_argument",
      segment(#"{"categories":["liver"],"publish":"a.b"}"#), [pixels]),
    Case("progress as text", "invalid_argument", segment(more: #","progress":"yes""#), [pixels]),
    Case("deadline 0", "invalid_argument", segment(more: #","deadline_ms":0"#), [pixels]),
    Case("priority 11", "invalid_argument", segment(more: #","priority":11"#), [pixels]),
    Case("client no UUID", "invalid_argument", segment(more: #","client":"me""#), [pixels]),
    Case("rank 1", "invalid_argument", segment(shape: "[4]"), [pixels]),
    Case("rank 4", "invalid_argument", segment(shape: "[1,1,2,2]"), [pixels]),
    Case("empty side", "invalid_argument", segment(shape: "[0,4]"), [[]]),
    Case("fractional shape", "invalid_argument", segment(shape: "[2.5,2]"), [pixels]),
    Case(
      "infinite", "invalid_argument", segment(shape: "[1,1]", datatype: "FP32"),
      [[0, 0, 0x80, 0x7f]]),
    Case(
      "a layout of its own", "invalid_argument", segment(image: #"{"layout":"WH"}"#), [pixels]),
    Case(
      "a singular affine", "invalid_argument",
      segment(image: #"{"layout":"HW","affine":[[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,1]]}"#),
      [pixels]),
    Case(
      "negative spacing", "invalid_argument", segment(image: #"{"spacing_mm":[-1,1]}"#), [pixels]),
    Case("categories as text", "invalid_argument", segment(#"{"categories":"liver"}"#), [pixels]),
    Case(
      "unknown output", "invalid_argument",
      segment(#"{"categories":["liver"],"outputs":["mask"]}"#), [pixels]),
    Case(
      "unknown encoding", "invalid_argument",
      segment(#"{"categories":["liver"],"encoding":"zip"}"#), [pixels]),
    Case(
      "point for no query", "invalid_argument",
      segment(#"{"categories":["liver"],"points":[{"at":[0,0],"label":1,"query":7}]}"#), [pixels]),
    Case("label 2", "invalid_argument", segment(#"{"points":[{"at":[0,0],"label":2}]}"#), [pixels]),
    Case(
      "image twice", "invalid_argument",
      segment(#"{"categories":["liver"],"image_id":"x"}"#), [pixels]),
    Case("no image", "invalid_argument", #"{"protocol":"segsam/1","id":"bad","method":"report"}"#),
    Case(
      "trailing text", "invalid_message", #"{"protocol":"segsam/1","id":"bad","method":"status"} x"#
    ),
    Case(
      "NaN in JSON", "invalid_message",
      #"{"protocol":"segsam/1","id":"bad","method":"status","priority":NaN}"#),
  ]

  @Test func eachGetsItsErrorAndTheServerLivesOn() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      for sent in Self.cases {
        client.endpoint.send(Message(sent.frames.map { Frame($0) }))
        let answer = try await client.reply()
        #expect(answer.code == sent.code, "\(sent.name)")
        #expect(answer.header["protocol"] == "segsam/1", "\(sent.name)")
      }
      #expect(try await client.segment(["categories": ["liver"]], id: "good").status == "ok")
      #expect(server.engine.segmentCalls == 1)
    }
  }

  @Test func anEmptyEnvelopeAndManyFramesAreAnswered() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      client.endpoint.send([Frame([])])
      let lonely = try await client.frames()
      #expect(lonely.count == 2 && lonely[1].text.contains("invalid_message"))
      let header = Frame(Array(Self.segment().utf8))
      client.endpoint.send(Message([header] + Array(repeating: Frame([1]), count: 5000)))
      let many = try await client.reply()
      #expect(many.code == "too_large")
      #expect(try await client.ask(request("status", id: "s")).status == "ok")
    }
  }

  @Test func aFrameOverTheHardLimitCostsTheConnectionOnly() async throws {
    try await TestServer.with(
      .test {
        $0.limits.inputBytes = 1 << 16
        $0.limits.headerBytes = 1 << 16
      }
    ) { server in
      let giant = try await server.client()
      giant.endpoint.send([try Frame(count: 1 << 20)])
      let client = try await server.client()
      #expect(try await client.ask(request("status", id: "s")).status == "ok")
    }
  }
}
