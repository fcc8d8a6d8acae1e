public import Foundation
import JSONC

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A server that speaks OpenAI's chat-completions API: a hosted one, or llama.cpp, vLLM, Ollama.
public struct ChatEndpoint: Sendable {
  public let url: URL
  public let model: String
  /// Sent as a bearer token; never printed.
  let key: String?
  /// For one answer, from the request to its last byte.
  public let timeout: Duration

  /// A description is under 4 KiB; no sound answer comes near this.
  static let largestAnswer = 1 << 20

  /// - Parameters:
  ///   - address: `https://host/v1`, or the whole address up to `/chat/completions`; an address
  ///     without a path gets `/v1/chat/completions`.
  ///   - model: the server's name of the model.
  ///   - key: for servers that want one; see ``key(in:)``.
  /// - Throws: ``DescribeError/Code/badEndpoint``.
  public init(
    address: String, model: String, key: String? = nil, timeout: Duration = .seconds(120)
  ) throws(DescribeError) {
    guard var parts = URLComponents(string: address),
      ["http", "https"].contains(parts.scheme?.lowercased()), parts.host?.isEmpty == false
    else {
      throw DescribeError(
        .badEndpoint, "\"\(address)\" is no http or https address; try http://127.0.0.1:8080/v1")
    }
    var path = parts.path
    while path.hasSuffix("/") { path.removeLast() }
    if !path.hasSuffix("/chat/completions") {
      path = (path.isEmpty ? "/v1" : path) + "/chat/completions"
    }
    parts.path = path
    guard let url = parts.url else {
      throw DescribeError(.badEndpoint, "\"\(address)\" is no address")
    }
    self.url = url
    self.model = model
    self.key = key
    self.timeout = timeout
  }

  /// The key of the environment: `SEGSAM_DESCRIBE_KEY`, else `OPENAI_API_KEY`.
  public static func key(
    in environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String? {
    ["SEGSAM_DESCRIBE_KEY", "OPENAI_API_KEY"].lazy.compactMap { environment[$0] }
      .first { !$0.isEmpty }
  }
}

/// One turn of a chat.
struct ChatMessage: Codable, Sendable, Equatable {
  let role: String
  let content: String
}

extension ChatEndpoint {
  private struct Request: Encodable {
    let model: String
    let messages: [ChatMessage]
  }

  private struct Answer: Decodable {
    struct Choice: Decodable {
      struct Message: Decodable {
        let content: String?
      }
      enum CodingKeys: String, CodingKey {
        case message
        case finishReason = "finish_reason"
      }
      let message: Message
      let finishReason: String?
    }
    let choices: [Choice]
  }

  /// The text that the model answers. Nothing but model and messages is sent: servers differ in
  /// what else they take.
  func complete(_ messages: [ChatMessage]) async throws(DescribeError) -> String {
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.setValue("application/json", forHTTPHeaderField: "Accept")
    if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
    do {
      request.httpBody = Data(
        try JSONCEncoder().encode(Request(model: model, messages: messages)))
    } catch {
      throw DescribeError(.badEndpoint, "the request cannot be written as JSON: \(error)")
    }
    let (status, body) = try await HTTPExchange.send(
      request, timeout: timeout, limit: Self.largestAnswer)
    guard status == 200 else {
      let shown = String(decoding: body.prefix(300), as: UTF8.self)
      let hint =
        [401, 403].contains(status) ? "; set SEGSAM_DESCRIBE_KEY or OPENAI_API_KEY" : ""
      throw DescribeError(.refused, "\(url) answered with status \(status)\(hint): \(shown)")
    }
    return try Self.text(of: body)
  }

  private static func text(of body: Data) throws(DescribeError) -> String {
    let answer: Answer
    do {
      answer = try JSONCDecoder().decode(Answer.self, from: Array(body))
    } catch {
      throw DescribeError(.badAnswer, "the endpoint's answer is no chat completion: \(error)")
    }
    guard let choice = answer.choices.first, let text = choice.message.content, !text.isEmpty
    else { throw DescribeError(.badAnswer, "the endpoint's answer has no text") }
    guard choice.finishReason != "length" else {
      throw DescribeError(
        .badAnswer, "the model's answer was cut off; raise the server's limit of tokens")
    }
    return text
  }
}
