public import Client
import Foundation
import Logging
public import SegSAM
public import Server
public import Vocabulary
import ZeroMQ

/// A server in this process, spoken to over libzmq's `inproc`: the whole bus without a port, a model
/// or a second program.
///
/// ```swift
/// @Test func findsTheLiver() async throws {
///   try await InProcessServer.with { server in
///     let answer = try await server.client().segment(image, ["liver"])
///     #expect(answer.queries[0].isPresent)
///   }
/// }
/// ```
///
/// What is not the same as over tcp: no keys, no limit on the bytes of a frame, and no connection that
/// breaks before the server stops.
public struct InProcessServer: Sendable {
  public let service: SegmentService
  /// Of requests and of the stream; good in this process, with `client` and `subscriber`.
  public let endpoints: SegmentService.Endpoints
  private let context: Context

  /// Starts a server; `stop` ends it.
  ///
  /// - Parameters:
  ///   - engine: what answers; by default ellipses, which are the same for the same question.
  ///   - configuration: its addresses do not count.
  ///   - reload: for `model.reload`.
  /// - Throws: `ServiceError`, as where the journal's folder is in use.
  public static func start(
    engine: any SegmentationEngine = FakeEngine(), vocabulary: Vocabulary = .small,
    _ configuration: SegmentService.Configuration = .init(),
    reload: SegmentService.Reload? = nil
  ) async throws -> InProcessServer {
    var configuration = configuration
    let name = UUID().uuidString
    configuration.bind = "inproc://\(name)-requests"
    configuration.publish = "inproc://\(name)-stream"
    let context = try Context()
    let service = SegmentService(
      configuration: configuration, engine: engine, vocabulary: vocabulary,
      logger: Logger(label: "segsam") { _ in SwiftLogNoOpLogHandler() }, reload: reload,
      context: context)
    return InProcessServer(
      service: service, endpoints: try await service.start(), context: context)
  }

  /// Runs `body` with a server, and stops it whatever happens.
  public static func with<Result>(
    engine: any SegmentationEngine = FakeEngine(), vocabulary: Vocabulary = .small,
    _ configuration: SegmentService.Configuration = .init(),
    reload: SegmentService.Reload? = nil, _ body: (InProcessServer) async throws -> Result
  ) async throws -> Result {
    let server = try await start(
      engine: engine, vocabulary: vocabulary, configuration, reload: reload)
    do {
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }

  /// A client of this server. Each is another one, unless they are given one id.
  public func client(
    clientID: String? = nil, timeout: Duration = .seconds(60),
    retry: RetryPolicy = RetryPolicy()
  ) async throws(ClientError) -> SegSAMClient {
    try await SegSAMClient(
      endpoint: endpoints.bind, clientID: clientID, timeout: timeout, retry: retry,
      context: context)
  }

  /// A subscriber to this server's stream.
  public func subscriber(
    _ filters: [TopicFilter] = [.all], resuming client: SegSAMClient? = nil,
    after position: Int? = nil
  ) async throws(ClientError) -> StreamSubscriber {
    try await StreamSubscriber(
      endpoint: endpoints.publish, filters, resuming: client, after: position, context: context)
  }

  /// Finishes what is in flight, within the configuration's grace.
  public func stop() async { await service.stop() }
}
