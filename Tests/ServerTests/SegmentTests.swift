import BusProtocol
import JSONC
import SegSAMTesting
import Server
import Testing

/// `segment` over a real socket.
@Suite(.timeLimit(.minutes(1)))
struct SegmentTests {
  @Test(arguments: [[12, 16], [3, 12, 16]])
  func theThreeEncodingsSayTheSame(shape: [Int]) async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let image = TestImage(shape: shape)
      let voxels = shape.reduce(1, *)
      let queries: JSONValue = ["liver", "胰腺"]
      let raw = try await client.segment(["categories": queries], id: "raw", image: image)
      let bits = try await client.segment(
        ["categories": queries, "encoding": "bits"], id: "bits", image: image)
      let rle = try await client.segment(
        ["categories": queries, "encoding": "rle"], id: "rle", image: image)
      #expect([raw.status, bits.status, rle.status] == ["ok", "ok", "ok"])
      #expect(raw.header["outputs"]?[0]?["shape"] == JSONValue([2] + shape))
      #expect(bits.header["outputs"]?[0]?["parameters"]?["mask_shape"] == JSONValue(shape))
      #expect(rle.outputs.count == 1)
      let row = (voxels + 7) / 8
      for n in 0..<2 {
        let mask = Array(raw.outputs[0][n * voxels..<(n + 1) * voxels])
        #expect(mask.contains(1) && mask.contains(0))
        #expect(
          try MaskBits.unpack(bits.outputs[0][n * row..<(n + 1) * row], voxels: voxels) == mask)
        let lengths = try #require(rle.category(n)?["rle"])
        let slices = lengths.arrayValue ?? [lengths]
        let decoded = try slices.flatMap { slice in
          let size = slice["size"]?.arrayValue?.compactMap { $0.intValue } ?? []
          let counts = slice["counts"]?.arrayValue?.compactMap { $0.intValue } ?? []
          return try RunLengths(size: size, counts: counts).pixels()
        }
        #expect(decoded == mask)
        #expect(raw.category(n)?["voxels"]?.intValue == mask.filter { $0 == 1 }.count)
      }
    }
  }

  @Test func aBoxIsFilledAndMeasured() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let answer = try await client.segment(["boxes": [[2, 3, 7, 5]]])
      #expect(answer.category(0)?["query"] == .null)
      #expect(answer.category(0)?["bbox"] == [2, 3, 7, 5])
      #expect(answer.category(0)?["voxels"] == 10)
      #expect(answer.category(0)?["candidates"]?.arrayValue?.count == 5)
      let volume = try await client.segment(
        ["boxes": [[2, 3, 1, 7, 5, 3]]], id: "2", image: TestImage(shape: [4, 12, 16]))
      #expect(volume.category(0)?["bbox"] == [2, 3, 1, 7, 5, 3])
      #expect(volume.category(0)?["voxels"] == 20)
    }
  }

  @Test(arguments: ["raw", "bits", "rle"])
  func anEarlierMaskIsRefined(encoding: String) async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let (image, voxels) = (TestImage(shape: [12, 16]), 12 * 16)
      let first = try await client.segment(
        ["categories": ["liver", "spleen"], "encoding": .string(encoding)], id: "first",
        image: image)
      #expect(first.status == "ok")
      let plain = try await client.segment(
        ["categories": ["liver", "spleen"]], id: "plain", image: image)
      let second = try await client.segment(
        [
          "categories": ["liver", "spleen"], "refine": "first",
          "points": [["at": [0, 0], "label": 1, "query": 1]],
        ], id: "second", image: image)
      var wanted = Array(plain.outputs[0])
      wanted[voxels] = 1
      #expect(second.status == "ok" && Array(second.outputs[0]) == wanted)
      // Round after round.
      let third = try await client.segment(
        [
          "categories": ["liver", "spleen"], "refine": "second",
          "points": [["at": [0, 0], "label": 0, "query": 1]],
        ], id: "third", image: image)
      #expect(Array(third.outputs[0]) == Array(plain.outputs[0]))
    }
  }

  /// A request with a mask behind its image, or beside a held one.
  private func masked(
    _ client: Peer, _ parameters: JSONObject, id: String, image: TestImage?, shape: [Int],
    mask: [UInt8], datatype: String = "UINT8"
  ) async throws -> Answered {
    let entry: JSONValue = [
      "name": "mask", "datatype": .string(datatype), "shape": JSONValue(shape),
    ]
    try client.send(
      request("segment", id: id, parameters, inputs: (image.map { [$0.entry] } ?? []) + [entry]),
      (image.map { [$0.bytes] } ?? []) + [mask])
    return try await client.reply()
  }

  @Test func aMaskIsAPrompt() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let (image, voxels) = (TestImage(shape: [12, 16]), 12 * 16)
      var one = [UInt8](repeating: 0, count: voxels)
      one[17] = 1
      var other = one
      other[100] = 1
      // Of all queries, of each, and of nothing else that is said.
      let both = try await masked(
        client, ["categories": ["liver", "spleen"]], id: "both", image: image, shape: [12, 16],
        mask: one)
      #expect(Array(both.outputs[0]) == one + one)
      let each = try await masked(
        client, ["categories": ["liver", "spleen"]], id: "each", image: image,
        shape: [2, 12, 16], mask: one + other, datatype: "BOOL")
      #expect(Array(each.outputs[0]) == one + other)
      let alone = try await masked(
        client, [:], id: "alone", image: image, shape: [12, 16], mask: other)
      #expect(Array(alone.outputs[0]) == other && alone.category(0)?["query"] == .null)
      // Another mask is another request.
      let again = try await masked(
        client, [:], id: "alone", image: image, shape: [12, 16], mask: one)
      #expect(again.code == "id_conflict")
      // Beside a held image.
      let put = try await client.ask(
        request("image.put", id: "put", inputs: [image.entry]), [image.bytes])
      let held = try #require(put.result?["image_id"]?.stringValue)
      let beside = try await masked(
        client, ["categories": ["liver"], "image_id": .string(held)], id: "beside", image: nil,
        shape: [12, 16], mask: one)
      #expect(Array(beside.outputs[0]) == one)
    }
  }

  @Test func whatIsNoMaskIsRefused() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let image = TestImage(shape: [12, 16])
      let none = [UInt8](repeating: 0, count: 12 * 16)
      _ = try await client.segment(["categories": ["liver"]], id: "mine", image: image)
      let asked: [(String, [Int], [UInt8], String, JSONObject)] = [
        ("inputs[1].shape", [16, 12], none, "UINT8", [:]),
        ("inputs[1].shape", [2, 12, 16], none + none, "UINT8", [:]),
        ("inputs[1]", [12, 16], none.dropLast() + [2], "UINT8", [:]),
        ("inputs[1].datatype", [12, 8], none, "INT16", [:]),
        ("parameters.refine", [12, 16], none, "UINT8", ["refine": "mine"]),
      ]
      for (n, (path, shape, mask, datatype, more)) in asked.enumerated() {
        var parameters: JSONObject = ["categories": ["liver"]]
        for (name, value) in more { parameters[name] = value }
        let answer = try await masked(
          client, parameters, id: "no \(n)", image: image, shape: shape, mask: mask,
          datatype: datatype)
        #expect(answer.code == "invalid_argument", "\(n)")
        #expect(answer.header["error"]?["details"]?["path"] == .string(path), "\(n)")
      }
      // A held image's size is known where the work is done.
      let put = try await client.ask(
        request("image.put", id: "put", inputs: [image.entry]), [image.bytes])
      let held = try #require(put.result?["image_id"])
      let answer = try await masked(
        client, ["categories": ["liver"], "image_id": held], id: "held", image: nil,
        shape: [8, 16], mask: Array(none.prefix(128)))
      #expect(answer.header["error"]?["details"]?["path"] == "inputs[0].shape")
      // A report takes none.
      try client.send(
        request(
          "report", id: "report",
          inputs: [image.entry, ["name": "mask", "datatype": "UINT8", "shape": [12, 16]]]),
        [image.bytes, none])
      #expect(try await client.reply().code == "invalid_argument")
    }
  }

  @Test(arguments: ["raw", "bits", "rle"])
  func whatElseWasDrawnIsSentIfAskedFor(encoding: String) async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let image = TestImage(shape: [12, 16])
      let answer = try await client.segment(
        [
          "categories": ["liver", "kidneys"], "encoding": .string(encoding),
          "outputs": ["binary_masks", "alternatives"],
        ], id: "1", image: image)
      #expect(answer.category(0)?["alternative_scores"] == [0.25, 0.5, 0.75])
      // A composite is a union: nothing else was drawn of it.
      #expect(answer.category(1)?["alternative_scores"] == [0.0, 0.0, 0.0])
      let entries = try #require(answer.header["outputs"]?.arrayValue)
      let at = try #require(entries.firstIndex { $0["name"] == "alternatives" })
      let bytes = answer.outputs[at]
      let isRaw = encoding == "raw"
      #expect(entries[at]["shape"] == (isRaw ? [2, 3, 12, 16] : [2, 3, 24]))
      let size = isRaw ? 192 : 24
      #expect(bytes.count == 6 * size)
      #expect(bytes[..<size].allSatisfy { $0 == (isRaw ? 1 : 255) })
      #expect(bytes[size..<2 * size].allSatisfy { $0 == 0 })
      #expect(bytes[3 * size..<6 * size].allSatisfy { $0 == 0 })
      let plain = try await client.segment(["categories": ["liver"]], id: "2", image: image)
      #expect(plain.category(0)?["alternative_scores"] == nil)
      if isRaw { #expect(bytes[2 * size..<3 * size] == plain.outputs[0][...]) }
    }
  }

  @Test func whatCannotBeRefinedIsRefused() async throws {
    try await TestServer.with { server in
      let (client, other) = (try await server.client(), try await server.client())
      let image = TestImage(shape: [12, 16])
      _ = try await client.segment(["categories": ["liver"]], id: "mine", image: image)
      _ = try await client.segment(
        ["categories": ["liver"], "outputs": ["probabilities"]], id: "unmasked", image: image)
      _ = try await client.segment(
        ["categories": ["liver", "spleen", "pancreas"]], id: "three", image: image)
      let asked: [(JSONValue, [Int])] = [
        ("no such", [12, 16]), ("unmasked", [12, 16]), ("three", [12, 16]), ("mine", [10, 16]),
        ("", [12, 16]), (7, [12, 16]),
      ]
      for (n, (id, shape)) in asked.enumerated() {
        let answer = try await client.segment(
          ["categories": ["liver", "spleen"], "refine": id], id: "again \(n)",
          image: TestImage(shape: shape))
        #expect(answer.code == "invalid_argument", "\(id)")
        #expect(answer.header["error"]?["details"]?["path"] == "parameters.refine")
      }
      // Nobody else's.
      let answer = try await other.segment(
        ["categories": ["liver"], "refine": "mine"], id: "theirs", image: image)
      #expect(answer.code == "invalid_argument")
    }
  }

  @Test func optionsOfVolumesAreChecked() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let image = TestImage(shape: [4, 12, 16])
      let good = try await client.segment(
        [
          "categories": ["liver"], "zoom": "auto", "propagate": "off",
          "post_process": ["sides", "holes"],
        ], id: "good", image: image)
      #expect(good.status == "ok")
      for (name, value) in [
        ("zoom", "everywhere"), ("propagate", "annotated"), ("post_process", ["zoom"]),
        ("post_process", "sides"),
      ] as [(String, JSONValue)] {
        var parameters: JSONObject = ["categories": ["liver"]]
        parameters[name] = value
        let answer = try await client.segment(parameters, id: "\(name) \(value)", image: image)
        #expect(answer.code == "invalid_argument")
        let path = answer.header["error"]?["details"]?["path"]?.stringValue
        #expect(path?.hasPrefix("parameters.\(name)") == true)
      }
    }
  }

  @Test func compositesDuplicatesAndOrderAreKept() async throws {
    let engine = FakeEngine.standard(absent: ["right_kidney"])
    try await TestServer.with(engine: engine) { server in
      let client = try await server.client()
      let answer = try await client.segment(["categories": ["kidneys", "liver", "肝"]])
      let found = answer.result?["categories"]?.arrayValue ?? []
      #expect(found.map { $0["category"] } == ["kidneys", "liver", "liver"])
      #expect(found.map { $0["query"] } == ["kidneys", "liver", "肝"])
      #expect(found.first?["parts"]?[1]?["present"] == false)
      #expect(
        answer.result?["labels"] == ["1": "left_kidney", "2": "right_kidney", "3": "liver"])
      let voxels = 12 * 16
      #expect(answer.outputs[0][voxels..<2 * voxels] == answer.outputs[0][2 * voxels..<3 * voxels])
      #expect(Set(answer.outputs[1]).isSubset(of: [0, 1, 3]))
      #expect(answer.result?["probabilities"]?.objectValue?.count == FakeEngine.usual.count)
    }
  }

  @Test func onlyTheOutputsThatWereAskedForCome() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let answer = try await client.segment(
        ["categories": ["liver"], "outputs": ["probabilities"]])
      #expect(answer.outputs.isEmpty)
      #expect(answer.result?["labels"] == nil)
      #expect(answer.result?["probabilities"]?["liver"] != nil)
      #expect(answer.header["model"]?["name"] == "fake")
      #expect(answer.header["timing_ms"]?["image_encoder"] != nil)
      #expect(answer.header["timing_ms"]?["queue"]?.doubleValue ?? -1 >= 0)
    }
  }

  @Test func anUntrainedCategoryIsPresentWithASpatialPromptOnly() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let bare = try await client.segment(["categories": ["thymus"]])
      #expect(bare.category(0)?["present"] == false)
      #expect(bare.category(0)?["voxels"] == 0)
      #expect(bare.category(0)?["bbox"] == .null)
      #expect(bare.outputs[0].allSatisfy { $0 == 0 })
      let shown = try await client.segment(
        ["categories": ["thymus"], "boxes": [[1, 1, 4, 4]]], id: "2")
      #expect(shown.category(0)?["present"] == true)
      #expect(shown.category(0)?["voxels"] == 9)
    }
  }

  @Test func anUnknownNameGetsSuggestions() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let answer = try await client.segment(["categories": ["liver", "pancras"]])
      #expect(answer.code == "unknown_category")
      let details = answer.header["error"]?["details"]
      #expect(details?["query"] == "pancras")
      #expect(details?["suggestions"]?[0] == "pancreas")
      #expect(details?["suggestions"]?.arrayValue?.count ?? 9 <= 5)
      #expect(server.engine.segmentCalls == 0)
    }
  }

  @Test(arguments: ["胰腺里的东西", "опухоль", "a мass", "?!"])
  func freeTextIsEnglish(text: String) async throws {
    try await TestServer.with { server in
      let answer = try await server.client().segment(["free_text": .string(text)])
      #expect(answer.code == "invalid_argument")
      #expect(answer.header["error"]?["details"]?["path"] == "parameters.free_text")
    }
  }

  @Test func freeTextIsTheLastQuery() async throws {
    try await TestServer.with { server in
      let answer = try await server.client().segment(
        ["categories": ["liver"], "free_text": "a naïve cyst, 3 mm"])
      #expect(answer.category(1)?["query"] == "a naïve cyst, 3 mm")
      #expect(answer.category(1)?["category"] == .null)
    }
  }

  @Test func aReplyThatWouldBeTooLargeIsRefusedBeforeWork() async throws {
    try await TestServer.with(.test { $0.budget.replyBytes = 400 }) { server in
      let client = try await server.client()
      let refused = try await client.segment(["categories": ["liver", "spleen"]])
      #expect(refused.code == "too_large")
      #expect(refused.header["error"]?["details"]?["limit"] == "reply_bytes")
      #expect(server.engine.segmentCalls == 0)
      let bits = try await client.segment(
        ["categories": ["liver", "spleen"], "encoding": "bits"], id: "2")
      #expect(bits.status == "ok")
    }
  }

  @Test func aFaultOfTheEngineIsInternalAndTellsNothing() async throws {
    struct Secret: Error { let path = "/secret" }
    let engine = FakeEngine.standard(failure: { $0 == 1 ? Secret() : nil })
    try await TestServer.with(engine: engine) { server in
      let client = try await server.client()
      let failed = try await client.segment(["categories": ["liver"]])
      #expect(failed.code == "internal")
      #expect(failed.header["request"]?.stringValue?.isEmpty == false)
      #expect(!(try String(decoding: failed.header.encoded(), as: UTF8.self)).contains("secret"))
      // Only `ok` is stored: the same id runs again.
      #expect(try await client.segment(["categories": ["liver"]]).status == "ok")
    }
  }
}
