import ArgumentParser
import BusProtocol
import Client
import Foundation
import JSONC
import Server
import ZeroMQ

/// Who answers: a server that runs already, or this process.
struct ServerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Ask the server at this endpoint, such as tcp://127.0.0.1:5555.", valueName: "endpoint"))
  var server: EndpointArgument?

  @Flag(help: "Answer in this process (the default).")
  var local = false

  @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
  var timeout = 3600.0

  @OptionGroup var keys: KeyOptions
  @OptionGroup var model: ModelOptions

  func validate() throws {
    if local && server != nil { throw ValidationError("--local and --server exclude each other.") }
    if server == nil && keys.isGiven {
      throw ValidationError("--server-public-key and --key are for a --server.")
    }
    guard timeout > 0, timeout <= 1e6 else {
      throw ValidationError("--timeout is a positive number of seconds.")
    }
  }

  /// Long enough for a server that works on something else; it answers this without queueing.
  private static let patience = Duration.seconds(10)

  /// Runs the body with a client whose server is there, and ends both after.
  func withClient<R: Sendable>(
    load: @Sendable (ModelOptions) async throws -> LoadedModel = LoadedModel.load,
    _ body: @Sendable (SegSAMClient) async throws -> R
  ) async throws -> R {
    guard let server else {
      let local = try await LocalServer.start(try await load(model))
      do {
        let result = try await withClient(of: local.endpoints.bind, nil, body)
        await local.stop()
        return result
      } catch {
        await local.stop()
        throw error
      }
    }
    let hint =
      keys.isGiven
      ? "or it does not know your key: at the server, segsam keys allow"
      : "start one with: segsam serve --bind \(server.text)"
    return try await withClient(of: server.text, try await keys.load()) { client in
      do {
        _ = try await client.capabilities(options: RequestOptions(timeout: Self.patience))
      } catch ClientError.timedOut {
        throw Failure(
          .noServer, "no server answers at \(server.text)", hints: [hint])
      }
      return try await body(client)
    }
  }

  private func withClient<R: Sendable>(
    of endpoint: String, _ keys: ConnectionKeys?,
    _ body: @Sendable (SegSAMClient) async throws -> R
  ) async throws -> R {
    let client = try await SegSAMClient(
      endpoint: endpoint, timeout: .seconds(timeout), keys: keys)
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }
}

/// The keys of a connection to a server that asks for them.
struct KeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server's public key, of a server that asks for keys.", valueName: "key"))
  var serverPublicKey: String?

  @Option(
    help: ArgumentHelp(
      "Your own key pair, made by segsam keys new; the server's list has its public key.",
      valueName: "file"))
  var key: String?

  var isGiven: Bool { serverPublicKey != nil || key != nil }

  func validate() throws {
    if let serverPublicKey, CurvePublicKey(serverPublicKey) == nil {
      throw ValidationError(
        "--server-public-key has 40 characters of Z85: segsam keys new --server prints it.")
    }
    guard (serverPublicKey == nil) == (key == nil) else {
      throw ValidationError("--server-public-key and --key go together.")
    }
  }

  /// nil where none are given.
  func load() async throws -> ConnectionKeys? {
    guard let server = serverPublicKey.flatMap({ CurvePublicKey($0) }), let key else { return nil }
    return try await Blocking.onKeys { () throws(KeyFileError) in
      try ConnectionKeys(server: server, file: key)
    }
  }
}

extension SegSAMClient {
  /// Sends a request and shows how far it is.
  func call(
    _ parameters: MethodParameters, image: ImageSource, showing progress: Progress
  ) async throws -> Reply {
    guard case .tensor(let tensor) = image else {
      throw Failure(.internalFault, "the image is not at hand")
    }
    let exchange = try start(
      parameters, image: tensor, options: RequestOptions(wantsProgress: true))
    async let shown: Void = {
      for await header in exchange.progress {
        guard let done = header.result?["done"]?.intValue,
          let total = header.result?["total"]?.intValue
        else { continue }
        progress.advance(done, of: total)
      }
    }()
    do {
      let reply = try await exchange.reply()
      await shown
      progress.end()
      return reply
    } catch {
      await shown
      progress.end()
      throw error
    }
  }
}
