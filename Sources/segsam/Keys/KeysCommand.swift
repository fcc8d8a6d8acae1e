import ArgumentParser
import ZeroMQ

/// `segsam keys`.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Makes keys, and says who may use a server that others can reach.",
    discussion: """
        segsam keys new --server server.key
        segsam keys new client.key
        segsam keys allow 'PUBLIC-KEY' --roles query,stream --name ward-3 --keys clients
        segsam keys revoke ward-3 --keys clients

      Put keys between single quotes: their characters mean something to shells. One that begins \
      with - goes last, after --. A server that runs reads its list again at SIGHUP.
      """,
    subcommands: [
      KeysNewCommand.self, KeysListCommand.self, KeysAllowCommand.self, KeysRevokeCommand.self,
    ])
}

/// Where the list of clients is.
struct KeysFileOptions: ParsableArguments {
  @Option(
    name: .customLong("keys"),
    help: ArgumentHelp("The list of clients' keys that the server reads.", valueName: "file"))
  var path: String
}

extension Blocking {
  /// Work on a file of keys; what goes wrong with it is told as a `Failure`.
  static func onKeys<R: Sendable>(
    _ body: @escaping @Sendable () throws(KeyFileError) -> R
  ) async throws -> R {
    try await run {
      do throws(KeyFileError) { return try body() } catch { throw Failure(error) }
    }
  }
}

extension Failure {
  /// Of a file of keys.
  init(_ error: KeyFileError) {
    switch error.code {
    case .unwritable: self.init(.internalFault, error.message)
    case .unreadable, .exposed, .malformed, .exists: self.init(.badInput, error.message)
    }
  }
}
