import Imaging
import JSONC
import SegSAMTesting
import Server
import Testing

/// The methods besides `segment`.
@Suite(.timeLimit(.minutes(1)))
struct MethodTests {
  func put(_ image: TestImage = TestImage(), id: String) -> JSONValue {
    request("image.put", id: id, inputs: [image.entry])
  }

  @Test func anImageIsPutOnceAndAskedOften() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let image = TestImage()
      let held = try await client.ask(put(id: "p"), [image.bytes])
      let name = try #require(held.result?["image_id"])
      #expect(held.result?["shape"] == [12, 16] && held.result?["expires_in_s"] == 60)
      #expect(server.engine.prepareCalls == 1)
      let direct = try await client.segment(["categories": ["liver"]], id: "d")
      let asked = try await client.ask(
        request("segment", id: "h", ["categories": ["liver"], "image_id": name]))
      #expect(asked.outputs == direct.outputs)
      #expect(Set(server.engine.imageKeys).count == 1)
      let status = try await client.ask(request("status", id: "s"))
      #expect(status.result?["yours"]?["images"] == [name])
      let dropped = try await client.ask(request("image.drop", id: "x", ["image_id": name]))
      #expect(dropped.result?["dropped"] == true)
      for (id, method) in [("1", "segment"), ("2", "report"), ("3", "image.drop")] {
        var parameters: JSONObject = ["image_id": name]
        if method == "segment" { parameters["categories"] = ["liver"] }
        let gone = try await client.ask(request(method, id: id, parameters))
        #expect(gone.code == "unknown_image")
      }
    }
  }

  @Test func anImageIsItsOwnersOnly() async throws {
    try await TestServer.with { server in
      let mine = try await server.client()
      let other = try await server.client()
      let held = try await mine.ask(put(id: "p"), [TestImage().bytes])
      let name = try #require(held.result?["image_id"])
      let refused = try await other.ask(
        request("segment", id: "1", ["categories": ["liver"], "image_id": name]))
      #expect(refused.code == "unknown_image")
    }
  }

  @Test func otherParametersMakeAnotherImage() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let image = TestImage()
      var entry = try #require(image.entry.objectValue)
      var names = Set<JSONValue?>()
      for modality in ["CT", "MR"] {
        entry["parameters"] = ["layout": "HW", "modality": .string(modality)]
        let held = try await client.ask(
          request("image.put", id: modality, inputs: [.object(entry)]), [image.bytes])
        names.insert(held.result?["image_id"])
      }
      #expect(names.count == 2)
    }
  }

  @Test func boxesAreCheckedAgainstAHeldImage() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let held = try await client.ask(put(id: "p"), [TestImage().bytes])
      let name = try #require(held.result?["image_id"])
      for (id, box) in [("1", [1, 1, 0, 3, 3, 1]), ("2", [20, 1, 25, 3])] {
        let refused = try await client.ask(
          request("segment", id: id, ["boxes": [JSONValue(box)], "image_id": name]))
        #expect(refused.code == "invalid_argument")
        #expect(refused.header["error"]?["details"]?["path"] == "parameters.boxes[0]")
      }
    }
  }

  @Test func aFileTellsItsShapeAndAffine() async throws {
    // A 2×1 PGM is no PNG; the decoder's own tests know real files.
    try await TestServer.with { server in
      let client = try await server.client()
      let entry: JSONValue = [
        "name": "image", "datatype": "BYTES", "parameters": ["content_type": "image/png"],
      ]
      let refused = try await client.ask(
        request("image.put", id: "1", inputs: [entry]), [Array("P5 2 1 255 ab".utf8)])
      #expect(refused.code == "invalid_argument")
      #expect(refused.header["error"]?["details"]?["path"] == "inputs[0]")
      let png = try ImageFile.encodePNG(gray: [0, 50, 100, 150, 200, 250], width: 3, height: 2)
      let held = try await client.ask(request("image.put", id: "2", inputs: [entry]), [png])
      #expect(held.result?["shape"] == [2, 3])
      #expect(held.result?["affine"]?.arrayValue?.count == 4)
      let name = try #require(held.result?["image_id"])
      let asked = try await client.ask(
        request("segment", id: "3", ["categories": ["liver"], "image_id": name]))
      #expect(asked.result?["shape"] == [2, 3])
    }
  }

  @Test func categoriesAreListedAndResolved() async throws {
    try await TestServer.with { server in
      let client = try await server.client()
      let all = try await client.ask(request("categories.list", id: "1"))
      let entries = try #require(all.result?["categories"]?.arrayValue)
      #expect(entries.count == 7)
      let kidneys = entries.first { $0["category"] == "kidneys" }
      #expect(kidneys?["parts"] == ["left_kidney", "right_kidney"])
      #expect(kidneys?["trained"] == true && kidneys?["names"]?["zh"] == ["肾"])
      #expect(entries.first { $0["category"] == "thymus" }?["trained"] == false)
      let ct = try await client.ask(request("categories.list", id: "2", ["modality": "CT"]))
      #expect(ct.result?["categories"]?.arrayValue?.count == 6)
      let nowhere = try await client.ask(request("categories.list", id: "3", ["region": "moon"]))
      #expect(nowhere.code == "invalid_argument")
      let resolved = try await client.ask(
        request(
          "categories.resolve", id: "4",
          ["queries": ["Pancreas", "胰腺", "SCT:15776009", "kidneys", "pancraes", "qqqqqq"]]))
      let matches = try #require(resolved.result?["matches"]?.arrayValue)
      #expect(
        matches.map { $0["match"] } == ["name", "synonym", "code", "composite", "fuzzy", "none"])
      #expect(matches.prefix(3).allSatisfy { $0["category"] == "pancreas" })
      #expect(matches.last?["category"] == .null && matches.last?["suggestions"] != nil)
    }
  }

  @Test func capabilitiesTellWhatIsOffered() async throws {
    try await TestServer.with { server in
      let answer = try await server.client().ask(request("capabilities", id: "1"))
      let result = try #require(answer.result)
      #expect(result["protocol"] == "segsam/1")
      let methods = result["methods"]?.arrayValue ?? []
      #expect(methods.contains("segment") && methods.contains("stream.replay"))
      // Nothing else to load was given.
      #expect(!methods.contains("model.reload"))
      #expect(result["stored_answers"]?["durable"] == false)
      #expect(result["limits"]?["reply_bytes"] != nil && result["limits"]?["header_bytes"] != nil)
      #expect(result["languages"] == ["en", "la", "zh"])
      #expect(result["stored_answers"]?["seconds"] == 600)
      #expect(result["content_types"]?.arrayValue?.contains("image/png") == true)
    }
  }

  @Test(arguments: ["model.reload", "sgment"])
  func whatIsNotOfferedIsUnknown(method: String) async throws {
    try await TestServer.with { server in
      let answer = try await server.client().ask(request(method, id: "1"))
      #expect(answer.code == "unknown_method")
    }
  }

  @Test func thereIsNoJournal() async throws {
    try await TestServer.with { server in
      let answer = try await server.client().ask(
        request("status", id: "1", [:], ["durable": true]))
      #expect(answer.code == "invalid_argument")
      #expect(answer.header["error"]?["details"]?["path"] == "durable")
    }
  }
}
