import BusProtocol
import JSONC
import Testing

@Suite struct ReplyTests {
  @Test func roundTrip() throws {
    let reply = Reply(
      header: ReplyHeader(
        id: "a", request: "5d0e", status: .ok, model: .init(name: "segsam-base", version: "1"),
        result: ["x": [1, 2.5]], timing: ["total": 15.9, "queue": 0.2]),
      outputs: [
        Tensor(name: "binary_masks", datatype: .uint8, shape: [1, 2], bytes: [0, 1]),
        Tensor(name: "html", datatype: .bytes, bytes: Array("<p>".utf8)),
      ])
    let frames = try reply.frames()
    #expect(frames.count == 3)
    let back = try Reply(frames: [Payload("")] + frames)
    var expected = reply
    expected.header.outputs = reply.outputs.map(\.entry)
    #expect(back == expected)
    #expect(back.output("html")?.payload.array == Array("<p>".utf8))
  }

  @Test func errors() throws {
    let error = ProtocolError.unknownCategory("pancras", suggestions: ["pancreas"])
    let header = ReplyHeader.failure(error, id: nil, request: "7")
    #expect(header.json["id"] == .null)
    #expect(try Reply(frames: Reply(header: header).frames()).header == header)
    #expect(
      header.json["error"] == [
        "code": "unknown_category", "message": "no category is called \"pancras\"",
        "details": ["query": "pancras", "suggestions": ["pancreas"]],
      ])
  }

  @Test func aCodeOfTomorrow() throws {
    let text =
      #"{"protocol":"segsam/1","id":null,"status":"error","error":{"code":"new","message":"m"}}"#
    #expect(try Reply(frames: [Payload(text)]).header.error == ProtocolError(.internal, "m"))
  }

  @Test(arguments: [
    "", "{", "{}", #"{"protocol":"segsam/2","status":"ok"}"#, #"{"protocol":"segsam/1"}"#,
    #"{"protocol":"segsam/1","status":"fine"}"#, #"{"protocol":"segsam/1","status":"error"}"#,
    #"{"protocol":"segsam/1","status":"ok","outputs":[{"name":"m","datatype":"UINT8","shape":[1]}]}"#,
  ])
  func malformed(_ text: String) {
    let error = #expect(throws: ProtocolError.self) { try Reply(frames: [Payload(text)]) }
    #expect(error?.code == .invalidMessage)
  }

  @Test func outputsOfAnotherSize() {
    let text =
      #"{"protocol":"segsam/1","status":"ok","outputs":[{"name":"m","datatype":"INT16","shape":[1]}]}"#
    #expect(throws: Never.self) { try Reply(frames: [Payload(text), Payload([0, 0])]) }
    #expect(throws: ProtocolError.self) { try Reply(frames: [Payload(text), Payload([0])]) }
  }

  @Test func nonFiniteIsAFault() {
    let header = ReplyHeader(id: "a", status: .ok, result: ["x": .double(.nan)])
    let error = #expect(throws: ProtocolError.self) { try Reply(header: header).frames() }
    #expect(error?.code == .internal)
  }

  @Test func everyCodeSaysWhatThen() {
    #expect(
      ErrorCode.allCases.map(\.rawValue) == [
        "invalid_message", "invalid_argument", "unknown_method", "unknown_category",
        "unknown_image", "too_large", "busy", "deadline_exceeded", "cancelled", "id_conflict",
        "unauthorized", "internal",
      ])
    #expect(ErrorCode.unknownImage.again == .sendImageAgain)
    #expect(ErrorCode.busy.again == .later)
  }

  @Test("The protocol's own result of segment")
  func segmentResult() throws {
    let text = """
      {"categories": [{"query": "左肾", "category": "left_kidney", "present": true,
         "presence": 0.97, "score": 0.91, "voxels": 1840, "bbox": [301, 220, 352, 290]},
        {"query": "kidney", "category": "kidneys", "present": false, "presence": 0.98,
         "score": 0.9, "voxels": 0, "bbox": null,
         "parts": [{"category": "left_kidney", "present": true, "presence": 0.97}]},
        {"query": null, "category": "liver", "present": true, "presence": 1, "score": 0.9,
         "rle": {"size": [1, 1], "counts": [0, 1]},
         "candidates": [{"category": "liver", "probability": 0.9}]}],
       "labels": {"1": "left_kidney"}, "probabilities": {"liver": 0.99}, "later": 1}
      """
    let result = try JSONCDecoder().decode(SegmentResult.self, from: text)
    #expect(result.categories.map(\.query) == ["左肾", "kidney", nil])
    #expect(result.categories[0].bbox == [301, 220, 352, 290])
    #expect(result.categories[1].parts?.first?.category == "left_kidney")
    let value = try JSONCEncoder().value(of: result)
    #expect(value["categories"]?[1]?["bbox"] == .null)
    #expect(value["categories"]?[2]?["query"] == .null)
    #expect(value["categories"]?[2]?.objectValue?.keys.contains("bbox") == false)
    #expect(try JSONCDecoder().decode(SegmentResult.self, from: value) == result)
  }
}
