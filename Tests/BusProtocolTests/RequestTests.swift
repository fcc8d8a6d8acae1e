import BusProtocol
import JSONC
import Testing

@Suite struct RequestTests {
  static func parse(_ header: RequestHeader, _ inputs: [Tensor] = []) throws -> Request {
    try MessageParser().parse(frames: header.frames(inputs: inputs))
  }

  static let image = Tensor(
    name: "image", datatype: .int16, shape: [2, 3],
    parameters: ["layout": "HW", "modality": "CT", "spacing_mm": [0.8, 0.7]],
    bytes: Array(0..<12))

  @Test("The protocol's own example")
  func example() throws {
    let text = """
      {"protocol": "segsam/1", "id": "8f6c", "client": "123E4567-e89b-12d3-a456-426614174000",
       "method": "segment", "deadline_ms": 5000, "priority": 0, "progress": false,
       "durable": false, "new_member": {"x": [1]},
       "parameters": {"categories": ["pancreas", "左肾"]},
       "inputs": [{"name": "image", "datatype": "INT16", "shape": [2, 3], "colour": "grey",
         "parameters": {"layout": "HW", "modality": "CT", "intensity": "HU",
                        "spacing_mm": [0.8, 0.8]}}]}
      """
    let request = try MessageParser().parse(frames: [Payload(text), Self.image.payload])
    #expect(!request.isEnveloped)
    #expect(request.method == .segment)
    #expect(request.header.id == "8f6c")
    #expect(request.header.client == "123e4567-e89b-12d3-a456-426614174000")
    #expect(request.header.deadlineMilliseconds == 5000)
    var expected = SegmentParameters()
    expected.categories = ["pancreas", "左肾"]
    #expect(request.parameters == .segment(expected))
    #expect(expected.queryCount == 2)
    #expect(request.image?.gridShape == [2, 3])
    #expect(
      request.image?.parameters
        == InputImageParameters(
          layout: .hw, modality: "CT", intensity: .hounsfield, spacing: [0.8, 0.8]))
    #expect(request.image?.tensor.payload.array == Array(0..<12))
  }

  @Test(
    arguments: [
      (.int16, "CT", .hounsfield), (.uint16, "CT", .raw), (.uint8, nil, .raw), (.int16, "MR", .raw),
      (.fp32, "CT", .hounsfield),
    ] as [(Datatype, String?, InputImageParameters.Intensity)])
  func defaultIntensity(
    _ datatype: Datatype, _ modality: String?, _ intensity: InputImageParameters.Intensity
  ) throws {
    var parameters: JSONObject = [:]
    if let modality { parameters["modality"] = .string(modality) }
    let image = Tensor(
      name: "image", datatype: datatype, shape: [1, 2], parameters: parameters,
      bytes: [UInt8](repeating: 0, count: 2 * (datatype.size ?? 0)))
    let request = try Self.parse(RequestHeader(id: "a", method: "image.put"), [image])
    #expect(request.image?.parameters.intensity == intensity)
    #expect(request.image?.parameters.layout == .hw)
  }

  @Test func files() throws {
    let file = Tensor(
      name: "image", datatype: .bytes,
      parameters: ["content_type": "image/png", "modality": "XC"], bytes: [1, 2, 3])
    let request = try Self.parse(RequestHeader(id: "a", method: "image.put"), [file])
    #expect(request.image?.isFile == true)
    #expect(request.image?.gridShape == nil)
    #expect(request.image?.parameters.contentType == "image/png")
  }

  @Test func volumes() throws {
    let volume = Tensor(
      name: "image", datatype: .uint8, shape: [2, 1, 3],
      parameters: [
        "layout": "DHW", "spacing_mm": [2, 1, 3],
        "affine": [[-2, 0, 0, 5], [0, -1, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]],
      ], bytes: Array(0..<6))
    var segment = SegmentParameters()
    segment.categories = ["a", "b"]
    segment.boxes = [[0, 0, 0, 2, 1, 1], nil]
    segment.points = [.init(at: [2.5, 0, 1], isPositive: false, query: 1), .init(at: [0, 0, 0])]
    segment.outputs = [.binaryMasks]
    segment.encoding = .rle
    segment.threshold = 0.25
    segment.presenceThreshold = 0
    segment.publish = "study-1_A"
    let header = RequestHeader(
      id: "a", method: "segment", deadlineMilliseconds: 1, priority: -10, progress: true,
      durable: true, parameters: segment.json)
    let request = try Self.parse(header, [volume])
    #expect(request.parameters == .segment(segment))
    #expect(request.header.priority == -10)
    #expect(request.header.progress && request.header.durable)
    #expect(request.image?.gridShape == [2, 1, 3])
    #expect(segment.box(ofQuery: 0) == [0, 0, 0, 2, 1, 1])
    #expect(segment.box(ofQuery: 1) == nil)
    #expect(segment.points(ofQuery: 0) == [.init(at: [0, 0, 0])])
    #expect(segment.points(ofQuery: 1).count == 2)
  }

  @Test func queriesWithoutText() throws {
    let boxes: JSONObject = ["boxes": [[0, 0, 1, 1], [0, 0, 2, 2]], "image_id": "x"]
    let request = try Self.parse(RequestHeader(id: "a", method: "segment", parameters: boxes))
    guard case .segment(let segment) = request.parameters else {
      Issue.record("not segment")
      return
    }
    #expect(segment.queryCount == 2)
    #expect(!segment.hasText)
    #expect(request.image == nil)
    var one = SegmentParameters()
    one.categories = ["a", "b"]
    one.boxes = [[0, 0, 1, 1]]
    #expect(one.box(ofQuery: 1) == [0, 0, 1, 1])
  }

  @Test("null is absent")
  func nulls() throws {
    let text = """
      {"protocol": "segsam/1", "id": "a", "client": null, "method": "segment",
       "deadline_ms": null, "inputs": null,
       "parameters": {"categories": ["a"], "free_text": null, "boxes": null, "image_id": "x"}}
      """
    let request = try MessageParser().parse(frames: [Payload(""), Payload(text)])
    #expect(request.isEnveloped)
    #expect(request.header.deadlineMilliseconds == nil)
  }

  @Test(
    "What a client writes, the server reads",
    arguments: [
      .imageDrop(imageID: "i"), .categoriesList(.init(region: "abdomen", modality: "CT")),
      .categoriesList(.init()), .categoriesResolve(queries: ["liver", "肝"]),
      .categoriesResolve(queries: []),
      .report(.init(categories: ["liver"], imageID: "i", format: .html, publish: "s")),
      .report(.init(imageID: "i")), .capabilities, .status, .cancel(id: "r 1"),
      .streamReplay(.init(from: 0, topics: ["result.s."], limit: 10)),
      .streamReplay(.init(from: 9)),
      .modelReload(name: nil), .modelReload(name: "segsam-base"),
    ] as [MethodParameters])
  func roundTrip(_ parameters: MethodParameters) throws {
    let header = RequestHeader(
      id: "a", method: parameters.method.rawValue, parameters: parameters.json)
    #expect(try Self.parse(header).parameters == parameters)
  }

  @Test func everyMethodHasItsRole() {
    #expect(Method.allCases.count == 11)
    #expect(Method.allCases.filter { $0.role == .stream } == [.streamReplay])
    #expect(Method.allCases.filter { $0.role == .admin } == [.modelReload])
  }

  @Test func fingerprintIsOfTheContent() throws {
    var header = RequestHeader(
      id: "a", method: "segment", parameters: ["categories": ["liver"], "threshold": 0.5])
    let first = try Self.parse(header, [Self.image]).fingerprint
    header.deadlineMilliseconds = 9
    header.priority = 3
    header.progress = true
    header.parameters = ["threshold": 0.5, "categories": ["liver"]]
    #expect(try Self.parse(header, [Self.image]).fingerprint == first)
    var other = Self.image
    other.payload = Payload(Array(1..<13))
    #expect(try Self.parse(header, [other]).fingerprint != first)
    header.durable = true
    #expect(try Self.parse(header, [Self.image]).fingerprint != first)
    header.durable = false
    header.parameters["threshold"] = 0.6
    #expect(try Self.parse(header, [Self.image]).fingerprint != first)
    #expect(first.description.count == 64)
  }
}
