import BusProtocol
import JSONC
import Testing

@Suite struct MalformedMessageTests {
  static func check(_ message: Malformed) {
    let rejection = #expect(throws: Rejection.self) {
      try MessageParser().parse(frames: message.frames)
    }
    #expect(rejection?.error.code == message.code, "\(rejection?.error.message ?? "")")
    #expect(rejection?.error.path == message.path)
    #expect(rejection?.id == (message.keepsID ? "r1" : nil))
    #expect(rejection?.error.message.isEmpty == false)
    // What goes back can be written, and read by a client.
    let header = rejection?.reply
    #expect(throws: Never.self) {
      let reply = try Reply(frames: Reply(header: #require(header)).frames())
      #expect(reply.header == header)
    }
  }

  @Test(arguments: [
    Malformed("no frames", .invalidMessage, keepsID: false, frames: []),
    Malformed("only an envelope", .invalidMessage, keepsID: false, frames: [Payload("")]),
    Malformed(
      "two envelopes", .invalidMessage, keepsID: false,
      frames: [Payload(""), Payload(""), Payload("{}")]),
    Malformed("not JSON", .invalidMessage, keepsID: false, text: "hello"),
    Malformed(
      "not UTF-8", .invalidMessage, keepsID: false,
      frames: [Payload([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])]),
    Malformed("an array", .invalidMessage, keepsID: false, text: "[]"),
    Malformed("a number", .invalidMessage, keepsID: false, text: "1"),
    Malformed(
      "cut off", .invalidMessage, keepsID: false, text: #"{"protocol": "segsam/1", "id": "r1""#),
    Malformed(
      "text behind", .invalidMessage, keepsID: false,
      text: Malformed.head + #""method": "status"} x"#),
    Malformed("a NUL behind", .invalidMessage, keepsID: false, text: "{}\u{0}"),
    Malformed(
      "NaN", .invalidMessage, keepsID: false,
      text: Malformed.head + #""method": "segment", "parameters": {"threshold": NaN}}"#),
    Malformed(
      "a comment", .invalidMessage, keepsID: false,
      text: Malformed.head + #"/* */ "method": "status"}"#),
    Malformed("single quotes", .invalidMessage, keepsID: false, text: "{'protocol': 'segsam/1'}"),
    Malformed(
      "10 MB of header", .tooLarge, keepsID: false,
      frames: [Payload([UInt8](repeating: UInt8(ascii: " "), count: 10_000_000))]),
    Malformed(
      "deep arrays", .tooLarge, keepsID: false,
      frames: [Payload([UInt8](repeating: UInt8(ascii: "["), count: 500_000))]),
    Malformed(
      "deep objects", .tooLarge, keepsID: false, text: String(repeating: #"{"a":"#, count: 100_000)),
    Malformed(
      "many members", .tooLarge, keepsID: false,
      text: "[" + String(repeating: "1,", count: 70_000) + "1]"),
    Malformed("no protocol", .invalidMessage, text: #"{"id": "r1", "method": "status"}"#),
    Malformed(
      "another version", .invalidMessage,
      text: #"{"protocol": "segsam/2", "id": "r1", "method": "status"}"#),
    Malformed(
      "no id", .invalidMessage, keepsID: false,
      text: #"{"protocol": "segsam/1", "method": "status"}"#),
    Malformed(
      "an empty id", .invalidMessage, keepsID: false,
      text: #"{"protocol": "segsam/1", "id": "", "method": "status"}"#),
    Malformed(
      "a long id", .invalidMessage, keepsID: false,
      text:
        #"{"protocol": "segsam/1", "id": "\#(String(repeating: "x", count: 129))", "method": "a"}"#),
    Malformed(
      "an id in Chinese", .invalidMessage, keepsID: false,
      text: #"{"protocol": "segsam/1", "id": "左", "method": "status"}"#),
    Malformed(
      "a numeric id", .invalidMessage, keepsID: false,
      text: #"{"protocol": "segsam/1", "id": 7, "method": "status"}"#),
    Malformed(
      "a duplicate id", .invalidArgument, "id", keepsID: false,
      text: #"{"protocol": "segsam/1", "id": "r1", "id": "r2", "method": "status"}"#),
  ])
  func frames(_ message: Malformed) { Self.check(message) }

  @Test(arguments: [
    Malformed.call("no method", .invalidMessage, nil, #""parameters": {}"#),
    .call("a numeric method", .invalidMessage, nil, #""method": 3"#),
    .call("an unknown method", .unknownMethod, nil, #""method": "segmment""#),
    .call("parameters no object", .invalidMessage, nil, #""method": "status", "parameters": []"#),
    .call("inputs no array", .invalidMessage, nil, #""method": "status", "inputs": {}"#),
    .call("a duplicate", .invalidArgument, "method", #""method": "status", "method": "x""#),
    .call(
      "a duplicate by escape", .invalidArgument, "parameters.id",
      #""method": "cancel", "parameters": {"id": "a", "\u0069d": "b"}"#),
    .call(
      "a number over 64 bits", .invalidArgument, "deadline_ms",
      #""method": "status", "deadline_ms": 99999999999999999999"#),
    .call("deadline 0", .invalidArgument, "deadline_ms", #""method": "status", "deadline_ms": 0"#),
    .call(
      "a negative deadline", .invalidArgument, "deadline_ms",
      #""method": "status", "deadline_ms": -5"#),
    .call(
      "a textual deadline", .invalidArgument, "deadline_ms",
      #""method": "status", "deadline_ms": "5""#),
    .call("priority 11", .invalidArgument, "priority", #""method": "status", "priority": 11"#),
    .call("priority 0.5", .invalidArgument, "priority", #""method": "status", "priority": 0.5"#),
    .call("progress 1", .invalidArgument, "progress", #""method": "status", "progress": 1"#),
    .call("durable yes", .invalidArgument, "durable", #""method": "status", "durable": "yes""#),
    .call("client no UUID", .invalidArgument, "client", #""method": "status", "client": "me""#),
    .call(
      "a parameter too many", .invalidArgument, "parameters.verbose",
      #""method": "status", "parameters": {"verbose": true}"#),
    .call(
      "no image_id", .invalidArgument, "parameters.image_id", #""method": "image.drop""#),
    .call("nothing to cancel", .invalidArgument, "parameters.id", #""method": "cancel""#),
    .call(
      "queries no list", .invalidArgument, "parameters.queries",
      #""method": "categories.resolve", "parameters": {"queries": "liver"}"#),
    .call(
      "a query no string", .invalidArgument, "parameters.queries[1]",
      #""method": "categories.resolve", "parameters": {"queries": ["liver", 7]}"#),
    .call(
      "a format unknown", .invalidArgument, "parameters.format",
      #""method": "report", "parameters": {"format": "htlm", "image_id": "x"}"#),
    .call(
      "replay from −1", .invalidArgument, "parameters.from",
      #""method": "stream.replay", "parameters": {"from": -1}"#),
    .call("no image", .invalidArgument, "inputs", #""method": "image.put""#),
    .call(
      "no image to segment", .invalidArgument, "inputs",
      #""method": "segment", "parameters": {"categories": ["liver"]}"#),
    .call(
      "a missing frame", .invalidMessage, nil,
      #""method": "image.put", "inputs": [\#(Malformed.entry)]"#),
  ])
  func headers(_ message: Malformed) { Self.check(message) }

  @Test(arguments: [
    Malformed(
      "a surplus frame", .invalidMessage,
      text: Malformed.head + #""method": "image.put", "inputs": [\#(Malformed.entry)]}"#,
      [0, 1, 2, 3], [1]),
    Malformed(
      "an input to status", .invalidArgument, "inputs[0]",
      text: Malformed.head + #""method": "status", "inputs": [\#(Malformed.entry)]}"#, [0, 1, 2, 3]),
    Malformed(
      "too many inputs", .tooLarge,
      text: Malformed.head + #""method": "image.put", "inputs": ["#
        + Array(repeating: "1", count: 17).joined(separator: ",") + "]}"),
    .segment("a byte short", .invalidArgument, "inputs[0]", pixels: [1, 2, 3]),
    .segment("a byte long", .invalidArgument, "inputs[0]", pixels: [1, 2, 3, 4, 5]),
    .segment("no bytes", .invalidArgument, "inputs[0]", pixels: []),
    .entry("an entry no object", "inputs[0]", "7"),
    .entry("no name", "inputs[0].name", #"{"datatype": "UINT8", "shape": [2, 2]}"#),
    .entry(
      "another name", "inputs[0].name", #"{"name": "img", "datatype": "UINT8", "shape": [4]}"#),
    .entry(
      "an unknown datatype", "inputs[0].datatype",
      #"{"name": "image", "datatype": "UINT64", "shape": [2, 2]}"#),
    .entry("no datatype", "inputs[0].datatype", #"{"name": "image", "shape": [2, 2]}"#),
    .entry("no shape", "inputs[0].shape", #"{"name": "image", "datatype": "UINT8"}"#),
    .entry(
      "a negative shape", "inputs[0].shape[0]",
      #"{"name": "image", "datatype": "UINT8", "shape": [-2, -2]}"#),
    .entry(
      "a broken shape", "inputs[0].shape[1]",
      #"{"name": "image", "datatype": "UINT8", "shape": [2, 2.5]}"#),
    .entry(
      "an overflow", "inputs[0].shape",
      #"{"name": "image", "datatype": "UINT8", "shape": [4294967296, 4294967296]}"#),
    .entry(
      "an overflow to 4", "inputs[0].shape",
      #"{"name": "image", "datatype": "UINT8", "shape": [4, 4611686018427387905]}"#),
    .entry(
      "an overflow with a zero", "inputs[0].shape",
      #"{"name": "image", "datatype": "UINT8", "shape": [0, 4294967296, 4294967296]}"#),
    .entry(
      "an overflow by the datatype", "inputs[0].shape",
      #"{"name": "image", "datatype": "FP32", "shape": [4611686018427387904]}"#),
    .segment(
      "an empty image", .invalidArgument, "inputs[0].shape[0]",
      entry: #"{"name": "image", "datatype": "UINT8", "shape": [0, 2]}"#, pixels: []),
    .entry(
      "rank 1", "inputs[0].shape", #"{"name": "image", "datatype": "UINT8", "shape": [4]}"#),
    .entry(
      "rank 4", "inputs[0].shape",
      #"{"name": "image", "datatype": "UINT8", "shape": [1, 1, 2, 2]}"#),
    .entry(
      "rank 3 without layout", "inputs[0].parameters.layout",
      #"{"name": "image", "datatype": "UINT8", "shape": [1, 2, 2]}"#),
    .entry(
      "HWC without three colours", "inputs[0].shape",
      #"{"name": "image", "datatype": "UINT8", "shape": [1, 2, 2], "parameters": {"layout": "HWC"}}"#
    ),
    .entry(
      "parameters no object", "inputs[0].parameters",
      #"{"name": "image", "datatype": "UINT8", "shape": [2, 2], "parameters": 1}"#),
    .segment(
      "a NaN pixel", .invalidArgument, "inputs[0]",
      entry: #"{"name": "image", "datatype": "FP32", "shape": [1, 1]}"#, pixels: [0, 0, 0xC0, 0x7F]),
    .segment(
      "an infinite half", .invalidArgument, "inputs[0]",
      entry: #"{"name": "image", "datatype": "FP16", "shape": [1, 2]}"#, pixels: [0, 0, 0, 0xFC]),
    .entry(
      "a file with a shape", "inputs[0].shape",
      #"{"name": "image", "datatype": "BYTES", "shape": [4]}"#),
    .entry(
      "a file of no type", "inputs[0].parameters.content_type",
      #"{"name": "image", "datatype": "BYTES"}"#),
    .entry(
      "a file of a type unknown", "inputs[0].parameters.content_type",
      #"{"name": "image", "datatype": "BYTES", "parameters": {"content_type": "text/html"}}"#),
    .segment(
      "an empty file", .invalidArgument, "inputs[0]",
      entry:
        #"{"name": "image", "datatype": "BYTES", "parameters": {"content_type": "image/png"}}"#,
      pixels: []),
    .image("an unknown member", "layuot", #"{"layuot": "HW"}"#),
    .image("a layout of rank 3", "layout", #"{"layout": "DHW"}"#),
    .image("a layout unknown", "layout", #"{"layout": "WH"}"#),
    .image("a modality in small letters", "modality", #"{"modality": "ct"}"#),
    .image("an intensity unknown", "intensity", #"{"intensity": "hounsfield"}"#),
    .image("a spacing of 0", "spacing_mm[1]", #"{"spacing_mm": [1, 0]}"#),
    .image("a negative spacing", "spacing_mm[0]", #"{"spacing_mm": [-1, 1]}"#),
    .image("one spacing", "spacing_mm", #"{"spacing_mm": [1]}"#),
    .image("an affine of 3 rows", "affine", #"{"affine": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}"#),
    .image(
      "a flat affine", "affine", #"{"affine": [[1,0,0,0],[0,1,0,0],[0,1,0,0],[0,0,0,1]]}"#),
    .image(
      "a projective affine", "affine[3]",
      #"{"affine": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,1,1]]}"#),
    .image(
      "a contradiction", "spacing_mm[1]",
      #"{"affine": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]], "spacing_mm": [1, 2]}"#),
    .image("a type of no file", "content_type", #"{"content_type": "image/png"}"#),
  ])
  func tensors(_ message: Malformed) { Self.check(message) }

  @Test(arguments: [
    Malformed.parameters("nothing asked", "", "{}"),
    .parameters("no categories", "", #"{"categories": []}"#),
    .parameters(
      "a misspelt threshold", ".threshhold", #"{"categories": ["liver"], "threshhold": 0.4}"#),
    .parameters("a category no string", ".categories[0]", #"{"categories": [1]}"#),
    .parameters("categories no list", ".categories", #"{"categories": "liver"}"#),
    .parameters("a blank category", ".categories[1]", #"{"categories": ["a", " \t"]}"#),
    .parameters("free text in Chinese", ".free_text", #"{"free_text": "左肾"}"#),
    .parameters("free text in Greek", ".free_text", #"{"free_text": "a νεφρό"}"#),
    .parameters("free text of digits", ".free_text", #"{"free_text": "12 34"}"#),
    .parameters("threshold 0", ".threshold", #"{"categories": ["a"], "threshold": 0}"#),
    .parameters("threshold 1", ".threshold", #"{"categories": ["a"], "threshold": 1}"#),
    .parameters("threshold text", ".threshold", #"{"categories": ["a"], "threshold": "0.5"}"#),
    .parameters(
      "presence_threshold 1.1", ".presence_threshold",
      #"{"categories": ["a"], "presence_threshold": 1.1}"#),
    .parameters("encoding", ".encoding", #"{"categories": ["a"], "encoding": "bit"}"#),
    .parameters(
      "outputs", ".outputs[1]", #"{"categories": ["a"], "outputs": ["probabilities", "masks"]}"#),
    .parameters("publish", ".publish", #"{"categories": ["a"], "publish": "a.b"}"#),
    .parameters(
      "both images", ".image_id", #"{"categories": ["a"], "image_id": "x"}"#),
    .parameters("boxes empty", ".boxes", #"{"boxes": []}"#),
    .parameters("a box of 3", ".boxes", #"{"boxes": [0, 0, 1]}"#),
    .parameters("a box of text", ".boxes[0][0]", #"{"boxes": [["a", 0, 1, 1]]}"#),
    .parameters("a box upside down", ".boxes[0]", #"{"boxes": [[1, 1, 0, 0]]}"#),
    .parameters("a box without width", ".boxes[0]", #"{"boxes": [[1, 0, 1, 2]]}"#),
    .parameters("a box with z in an image", ".boxes[0]", #"{"boxes": [[0, 0, 0, 1, 1, 1]]}"#),
    .parameters("a box elsewhere", ".boxes[0]", #"{"boxes": [[2, 0, 4, 2]]}"#),
    .parameters("a box at the end of the world", ".boxes[0][2]", #"{"boxes": [[0, 0, 1e300, 1]]}"#),
    .parameters(
      "two boxes for three", ".boxes",
      #"{"categories": ["a", "b", "c"], "boxes": [[0, 0, 1, 1], null]}"#),
    .parameters("a null box without text", ".boxes", #"{"boxes": [null, [0, 0, 1, 1]]}"#),
    .parameters("points empty", ".points", #"{"points": []}"#),
    .parameters("a point no object", ".points[0]", #"{"points": [[1, 1]]}"#),
    .parameters("a point without place", ".points[0].at", #"{"points": [{"label": 1}]}"#),
    .parameters("a point without label", ".points[0].label", #"{"points": [{"at": [0, 0]}]}"#),
    .parameters("label 2", ".points[0].label", #"{"points": [{"at": [0, 0], "label": 2}]}"#),
    .parameters(
      "a point for query 1 of 1", ".points[0].query",
      #"{"points": [{"at": [0, 0], "label": 1, "query": 1}]}"#),
    .parameters(
      "a point's unknown member", ".points[0].lable", #"{"points": [{"at": [0, 0], "lable": 1}]}"#),
    .parameters("a point outside", ".points[0].at", #"{"points": [{"at": [2, 0], "label": 1}]}"#),
    .parameters(
      "a point with z", ".points[0].at", #"{"points": [{"at": [0, 0, 0], "label": 1}]}"#),
    .segment(
      "too many queries", .tooLarge, "parameters.categories",
      "{\"categories\": [" + Array(repeating: "\"a\"", count: 257).joined(separator: ",") + "]}"),
    .segment(
      "a long text", .tooLarge, "parameters.free_text",
      "{\"free_text\": \"" + String(repeating: "a", count: 2049) + "\"}"),
    .segment(
      "too many points", .tooLarge, nil,
      "{\"points\": ["
        + Array(repeating: #"{"at":[0,0],"label":1}"#, count: 1025).joined(separator: ",") + "]}"),
  ])
  func segmentParameters(_ message: Malformed) { Self.check(message) }

  @Test func progressOverAnEnvelope() {
    let text = Malformed.head + #""method": "status", "progress": true}"#
    #expect(throws: Never.self) { try MessageParser().parse(frames: [Payload(text)]) }
    let rejection = #expect(throws: Rejection.self) {
      try MessageParser().parse(frames: [Payload(""), Payload(text)])
    }
    #expect(rejection?.isEnveloped == true)
    #expect(rejection?.error.code == .invalidArgument)
    #expect(rejection?.error.path == "progress")
  }

  @Test func suggestions() {
    let text = Malformed.head + #""method": "segment", "parameters": {"threshhold": 0.5}}"#
    let rejection = #expect(throws: Rejection.self) {
      try MessageParser().parse(frames: [Payload(text)])
    }
    #expect(rejection?.error.details["suggestions"] == ["threshold"])
    #expect(rejection?.error.message.contains("\"threshold\"") == true)
  }

  @Test func limitsAreNamed() {
    var parser = MessageParser()
    parser.limits.inputBytes = 3
    let text = Malformed.head + #""method": "image.put", "inputs": [\#(Malformed.entry)]}"#
    let rejection = #expect(throws: Rejection.self) {
      try parser.parse(frames: [Payload(text), Payload([0, 1, 2, 3])])
    }
    #expect(rejection?.error.details == ["limit": "input_bytes", "maximum": 3, "actual": 4])
    #expect(parser.limits.json["input_bytes"] == 3)
  }

  @Test("Whatever bytes come, the parser answers")
  func noise() throws {
    var generator = SplitMix(state: 11)
    let sound = Array(
      (Malformed.head + #""method": "segment", "parameters": {"categories": ["liver"], "boxes": "#
        + #"[0, 0, 2, 2], "points": [{"at": [1, 1], "label": 1}]}, "inputs": [\#(Malformed.entry)]}"#)
        .utf8)
    let pixels = Payload([0, 1, 2, 3])
    #expect(throws: Never.self) { try MessageParser().parse(frames: [Payload(sound), pixels]) }
    var refused = 0
    for _ in 0..<2000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: at)
        default: bytes.insert(contentsOf: bytes[at...].prefix(8), at: at)
        }
      }
      do throws(Rejection) {
        _ = try MessageParser().parse(frames: [Payload(bytes), pixels])
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
  }
}
