import ArgumentParser
import Server
import ZeroMQ

/// `segsam keys revoke`.
struct KeysRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Takes a client off the list.")

  @Argument(help: ArgumentHelp("Its public key, or its name.", valueName: "public-key or name"))
  var client: String

  @OptionGroup var keys: KeysFileOptions

  func run() async throws {
    let (client, path) = (client, keys.path)
    let gone = try await Blocking.onKeys { () throws(KeyFileError) in
      var gone: ClientKey?
      try ClientKeysFile.edit(path) { gone = $0.revoke(client) }
      return gone
    }
    guard let gone else {
      throw Failure(
        .badInput, "\(path) lists no such client",
        hints: ["see who is there with: segsam keys list --keys \(path)"])
    }
    Console.print("\(gone.name) is off the list")
  }
}
