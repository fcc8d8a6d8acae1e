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
