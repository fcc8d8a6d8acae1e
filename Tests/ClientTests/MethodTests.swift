import BusProtocol
import Client
import JSONC
import Testing

@Suite(.timeLimit(.minutes(1))) struct MethodTests {
  static let category: JSONValue = [
    "query": "liver", "category": "liver", "present": true, "presence": 0.9, "score": 0.8,
    "voxels": 2, "bbox": [0, 0, 1, 2],
  ]

  @Test(
    "Masks come out the same in each encoding",
    arguments: [
      SegmentParameters.Encoding.raw, .bits, .rle,
    ])
  func segment(_ encoding: SegmentParameters.Encoding) async throws {
    // 2 rows, 5 columns.
    let mask: [UInt8] = [1, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    try await withClient { request, answer in
      var category = Self.category.objectValue ?? [:]
      var outputs: [Tensor] = []
      switch request.parameters {
      case .segment(let segment) where segment.encoding == .bits:
        outputs = [
          Tensor(
            name: "binary_masks", datatype: .uint8, shape: [1, 2],
            parameters: ["encoding": "bits", "mask_shape": [2, 5]], bytes: MaskBits.pack(mask))
        ]
      case .segment(let segment) where segment.encoding == .rle:
        category["rle"] = ["size": [2, 5], "counts": [0, 2, 6, 1, 1]]
      default:
        outputs = [
          Tensor(name: "binary_masks", datatype: .uint8, shape: [1, 2, 5], bytes: mask)
        ]
      }
      outputs.append(
        Tensor(
          name: "semantic_mask", datatype: .uint16, shape: [1, 2], bytes: [1, 0, 2, 1]))
      answer(
        request.ok(
          [
            "categories": [.object(category)], "labels": ["1": "liver"],
            "probabilities": ["liver": 0.9],
          ], outputs))
    } _: { client, server in
      var parameters = SegmentParameters()
      parameters.categories = ["liver"]
      parameters.encoding = encoding
      let image = ImageSource.pixels(
        Array(0..<10), datatype: .uint8, shape: [2, 5],
        parameters: InputImageParameters(modality: "CT", spacing: [1, 1]))
      let answer = try await client.segment(image, parameters)
      #expect(try answer.binaryMasks() == [mask])
      #expect(answer.semanticMask() == [1, 258])
      #expect(answer.result.categories.first?.bbox == [0, 0, 1, 2])
      #expect(answer.result.labels == ["1": "liver"])
      let request = try #require(server.requests.first)
      #expect(request.parameters == .segment(parameters))
      #expect(request.image?.tensor.payload.array == Array(0..<10))
      #expect(request.image?.parameters.modality == "CT")
    }
  }

  @Test(arguments: [
    ["binary_masks", 2] as JSONValue, ["binary_masks", 0], ["bits", 1],
  ])
  func masksOfAnotherNumber(_ kind: JSONValue) async throws {
    try await withClient { request, answer in
      let count = kind[1]?.intValue ?? 0
      let tensor = Tensor(
        name: "binary_masks", datatype: .uint8, shape: [count, 2],
        parameters: kind[0] == "bits" ? ["encoding": "bits", "mask_shape": [99, 99]] : [:],
        bytes: [UInt8](repeating: 0, count: 2 * count))
      answer(request.ok(["categories": [Self.category]], [tensor]))
    } _: { client, _ in
      let answer = try await client.segment(.held("i"), ["liver"])
      let error = #expect(throws: ClientError.self) { try answer.binaryMasks() }
      #expect(error?.code == "malformed_reply")
    }
  }

  @Test func images() async throws {
    try await withClient { request, answer in
      switch request.parameters {
      case .imagePut: answer(request.ok(["image_id": "i1", "shape": [2, 2], "expires_in_s": 60]))
      case .imageDrop(let id): answer(request.ok(["dropped": .bool(id == "i1")]))
      case .report(let report):
        answer(
          request.ok(
            ["report": ["of": .string(report.imageID ?? "")]],
            [Tensor(name: "html", datatype: .bytes, bytes: Array("<p>左</p>".utf8))]))
      default: break
      }
    } _: { client, server in
      let file = ImageSource.file([1, 2, 3], contentType: "image/png", modality: "XC")
      let held = try await client.putImage(file)
      #expect(held == ImagePutResult(imageID: "i1", shape: [2, 2], expiresIn: 60))
      #expect(server.requests.first?.image?.parameters.contentType == "image/png")
      let parameters = ReportParameters(categories: ["liver"], format: .html)
      let (report, html) = try await client.report(.held(held.imageID), parameters)
      #expect(report.report == ["of": "i1"])
      #expect(html == "<p>左</p>")
      #expect(try await client.dropImage("i1") == true)
      #expect(try await client.dropImage("i2") == false)
    }
  }

  @Test func vocabulary() async throws {
    let info = CategoryInfo(
      category: "pancreas", name: "pancreas", names: ["en": ["pancreas"], "zh": ["胰腺"]],
      codes: ["SCT": "15776009"], region: "abdomen", parent: nil, parts: [], trained: true)
    let match = CategoryMatch(query: "胰腺", category: "pancreas", match: .synonym, score: 1)
    try await withClient { request, answer in
      let encoder = JSONCEncoder()
      switch request.parameters {
      case .categoriesList(let filter):
        #expect(filter == CategoriesListParameters(region: "abdomen", modality: "CT"))
        answer(
          request.ok((try? encoder.value(of: CategoriesListResult(categories: [info]))) ?? nil))
      case .categoriesResolve:
        answer(
          request.ok((try? encoder.value(of: CategoriesResolveResult(matches: [match]))) ?? nil))
      default: break
      }
    } _: { client, _ in
      let listed = try await client.categories(region: "abdomen", modality: "CT")
      #expect(listed == [info])
      let matches = try await client.resolve(["胰腺"])
      #expect(matches == [match])
    }
  }

  @Test func server() async throws {
    try await withClient { request, answer in
      switch request.parameters {
      case .capabilities:
        answer(
          request.ok([
            "protocol": "segsam/1", "methods": ["segment"],
            "model": ["name": "segsam-base", "version": "1"], "modalities": ["CT"],
            "content_types": ["image/png"], "limits": ["queries": 256],
            "languages": ["en", "zh"], "stored_answers": ["bytes": 1],
          ]))
      case .status:
        answer(
          request.ok([
            "live": true, "ready": true, "queued": 1, "in_flight": 0, "uptime_s": 1.5,
            "position": 9,
            "yours": ["queued": [["id": "a", "ahead": 0]], "in_flight": [], "images": ["i"]],
          ]))
      case .cancel(let id): answer(request.ok(["cancelled": .bool(id == "a")]))
      default: break
      }
    } _: { client, _ in
      let capabilities = try await client.capabilities()
      #expect(capabilities.model?.name == "segsam-base")
      #expect(capabilities.limits?["queries"] == 256)
      #expect(capabilities.contentTypes == ["image/png"])
      let status = try await client.status()
      #expect(status.position == 9)
      #expect(status.yours?.queued == [.init(id: "a", ahead: 0)])
      #expect(try await client.cancel("a") == true)
      #expect(try await client.cancel("b") == false)
    }
  }
}
