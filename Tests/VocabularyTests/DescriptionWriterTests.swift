import Foundation
import Testing
import Vocabulary

@Suite("Having a description written")
struct DescriptionWriterTests {
  /// A vocabulary in which `organ_lesion` has no description yet.
  private func scratch() throws -> Scratch {
    let scratch = try Scratch()
    try FileManager.default.removeItem(at: file(in: scratch))
    try FileManager.default.createDirectory(
      at: scratch.prompts.appendingPathComponent("templates"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: RealData.location.prompts.appendingPathComponent("templates/aspects-v1.md"),
      to: scratch.prompts.appendingPathComponent("templates/aspects-v1.md"))
    return scratch
  }

  private func file(in scratch: Scratch) -> URL {
    scratch.prompts.appendingPathComponent("organ_lesion.json")
  }

  private func writer(
    _ scratch: Scratch, _ stub: ChatStub, key: String? = nil, timeout: Duration = .seconds(60)
  ) throws -> DescriptionWriter {
    DescriptionWriter(
      location: VocabularyLocation(vocabulary: scratch.vocab, prompts: scratch.prompts),
      endpoint: try ChatEndpoint(address: stub.address, model: "m/1", key: key, timeout: timeout),
      attempts: 2)
  }

  /// The aspects of a sound answer, with one of them changed.
  private static func aspects(_ change: (inout [String: Any]) -> Void = { _ in }) throws -> String {
    var aspects = ValidatorTests.otherAspects
    aspects["appearance"] = [
      "CT": "On computed tomography a ghost is as dark as the air of the room around it.",
      "MR": "Magnetic resonance shows \"nothing\" / a ghost has no protons: 无 of any kind at all.",
    ]
    change(&aspects)
    return String(
      decoding: try JSONSerialization.data(withJSONObject: aspects), as: UTF8.self)
  }

  private static func completion(_ text: String, reason: String = "stop") throws -> ChatStub.Answer
  {
    let object: [String: Any] = [
      "choices": [["message": ["content": text], "finish_reason": reason]]
    ]
    return ChatStub.Answer(
      body: String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self))
  }

  @Test("writes a sound answer, fenced or not", arguments: [false, true])
  func writes(fenced: Bool) async throws {
    let scratch = try scratch()
    let text = try Self.aspects()
    let stub = try ChatStub([Self.completion(fenced ? "```json\n\(text)\n```" : text)])
    let day = Date(timeIntervalSince1970: 1_795_219_200)
    let url = try await writer(scratch, stub, key: "secret").describe("organ_lesion", date: day)
    #expect(url.lastPathComponent == "organ_lesion.json")
    let vocabulary = try Vocabulary.load(
      directory: scratch.vocab, promptsDirectory: scratch.prompts)
    let description = try #require(vocabulary.description(of: "organ_lesion"))
    #expect(description.template == "aspects-v1")
    #expect(description.date == "2026-11-21")
    #expect(description.appearance["MR"]?.contains("\"nothing\" / a ghost") == true)
    let request = try #require(stub.requests.first)
    #expect(stub.requests.count == 1)
    #expect(request.hasPrefix("POST /v1/chat/completions "))
    #expect(request.contains("Authorization: Bearer secret"))
    #expect(request.contains("Name: organ lesion"))
    #expect(request.contains("Modalities: CT, MR"))
    #expect(!request.contains("{{"))
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.prompts.path)
    #expect(names.allSatisfy { !$0.hasPrefix(".") })
  }

  @Test("keeps how people ask for it when the description is replaced")
  func keepsPhrasings() async throws {
    let scratch = try scratch()
    try scratch.write(
      Scratch.description("organ_lesion", number: 2).merging(
        ["phrasings": ["a spot that \"should not\" be there", "odd spot"]], uniquingKeysWith: { $1 }
      ),
      to: file(in: scratch))
    let stub = try ChatStub([Self.completion(Self.aspects())])
    try await writer(scratch, stub).describe("organ_lesion", force: true)
    let description = try Vocabulary.load(
      directory: scratch.vocab, promptsDirectory: scratch.prompts
    ).description(of: "organ_lesion")
    #expect(description?.phrasings == ["a spot that \"should not\" be there", "odd spot"])
    #expect(description?.shape.contains("ghost") == true)
  }

  @Test("asks again with what was wrong")
  func again() async throws {
    let scratch = try scratch()
    let stub = try ChatStub([
      Self.completion(Self.aspects { $0["shape"] = "Round." }), Self.completion(Self.aspects()),
    ])
    try await writer(scratch, stub).describe("organ_lesion")
    #expect(stub.requests.count == 2)
    #expect(stub.requests.last?.contains("aspects.shape has 1 words") == true)
    #expect(FileManager.default.fileExists(atPath: file(in: scratch).path))
  }

  /// An answer that must not be written, and the words of the fault.
  static let bad: [(@Sendable () throws -> ChatStub.Answer, DescribeError.Code, String)] = [
    ({ try completion("I cannot do that.") }, .badAnswer, "JSON"),
    ({ try completion(aspects { $0["texture"] = nil }) }, .badAnswer, "texture is missing"),
    ({ try completion(aspects { $0["colour"] = "grey" }) }, .badAnswer, "\"colour\""),
    (
      { try completion(aspects { $0["shape"] = String(repeating: "long ", count: 80) + "." }) },
      .badAnswer, "81 words"
    ),
    (
      { try completion(aspects { $0["appearance"] = ["CT": $0["shape"]] }) }, .badAnswer,
      "appearance.MR is missing"
    ),
    (
      {
        try completion(
          aspects {
            let organ = Scratch.description("left_organ", number: 1)
            $0["shape"] = (organ["aspects"] as? [String: Any])?["shape"]
          })
      }, .badAnswer, "stands in prompts/left_organ.json too"
    ),
    ({ try completion(aspects(), reason: "length") }, .badAnswer, "cut off"),
    ({ ChatStub.Answer(body: "<html>") }, .badAnswer, "no chat completion"),
    ({ ChatStub.Answer(body: #"{"choices": []}"#) }, .badAnswer, "no text"),
    ({ ChatStub.Answer(status: 401, body: "who?") }, .refused, "SEGSAM_DESCRIBE_KEY"),
    ({ ChatStub.Answer(status: 500, body: "broken") }, .refused, "status 500"),
    (
      { ChatStub.Answer(status: 307, headers: ["Location: http://127.0.0.1:1/"], body: "") },
      .refused, "status 307"
    ),
    (
      { ChatStub.Answer(body: String(repeating: " ", count: (1 << 20) + 1)) }, .badAnswer,
      "larger than"
    ),
  ]

  @Test("writes nothing of a bad answer", arguments: bad.indices)
  func refuses(number: Int) async throws {
    let (answer, code, words) = Self.bad[number]
    let scratch = try scratch()
    let stub = try ChatStub([answer()])
    let writer = try writer(scratch, stub, key: "secret")
    let error = await #expect(throws: DescribeError.self) {
      try await writer.describe("organ_lesion")
    }
    #expect(error?.code == code)
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    #expect(error?.description.contains("secret") == false)
    #expect(!FileManager.default.fileExists(atPath: file(in: scratch).path))
  }

  @Test("replaces a description only by force, and only by a sound one")
  func force() async throws {
    let scratch = try scratch()
    try scratch.write()
    let before = try Data(contentsOf: file(in: scratch))
    let stub = try ChatStub([
      Self.completion("no"), Self.completion("no"), Self.completion(Self.aspects()),
    ])
    let writer = try writer(scratch, stub)
    var error = await #expect(throws: DescribeError.self) {
      try await writer.describe("organ_lesion")
    }
    #expect(error?.code == .exists)
    #expect(stub.requests.isEmpty)
    error = await #expect(throws: DescribeError.self) {
      try await writer.describe("organ_lesion", force: true)
    }
    #expect(error?.code == .badAnswer)
    #expect(try Data(contentsOf: file(in: scratch)) == before)
    try await writer.describe("organ_lesion", force: true)
    #expect(try Data(contentsOf: file(in: scratch)) != before)
  }

  @Test("says so when nobody answers")
  func silence() async throws {
    let scratch = try scratch()
    let stub = try ChatStub([ChatStub.Answer(body: "", silent: true)])
    let patient = try writer(scratch, stub, timeout: .milliseconds(300))
    var error = await #expect(throws: DescribeError.self) {
      try await patient.describe("organ_lesion")
    }
    #expect(error?.code == .timedOut)
    // Port 1 on loopback: nothing listens there.
    let nobody = DescriptionWriter(
      location: patient.location,
      endpoint: try ChatEndpoint(address: "http://127.0.0.1:1", model: "m"))
    error = await #expect(throws: DescribeError.self) { try await nobody.describe("organ_lesion") }
    #expect(error?.code == .unreachable)
    error = await #expect(throws: DescribeError.self) { try await nobody.describe("../etc/passwd") }
    #expect(error?.code == .unknownCategory)
  }

  @Test(
    "completes the address",
    arguments: [
      ("http://h:1", "http://h:1/v1/chat/completions"),
      ("https://h/v1/", "https://h/v1/chat/completions"),
      ("https://h/api/chat/completions", "https://h/api/chat/completions"),
      ("ftp://h", nil), ("h:1", nil), ("", nil),
    ])
  func address(given: String, expected: String?) {
    let endpoint = try? ChatEndpoint(address: given, model: "m")
    #expect(endpoint?.url.absoluteString == expected)
  }

  @Test("takes the key from the environment, its own variable first")
  func key() {
    #expect(ChatEndpoint.key(in: ["OPENAI_API_KEY": "b", "SEGSAM_DESCRIBE_KEY": "a"]) == "a")
    #expect(ChatEndpoint.key(in: ["OPENAI_API_KEY": "b", "SEGSAM_DESCRIBE_KEY": ""]) == "b")
    #expect(ChatEndpoint.key(in: [:]) == nil)
  }
}
