import ArgumentParser
import BusProtocol
import JSONC
import Server
import ZeroMQ

/// `segsam keys list`.
struct KeysListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the clients that may use the server.")

  @OptionGroup var keys: KeysFileOptions

  @Flag(help: "Print as JSON.")
  var json = false

  func run() async throws {
    let path = keys.path
    let clients = try await Blocking.onKeys { () throws(KeyFileError) in
      try ClientKeysFile.load(path).clients
    }
    if json {
      let list = clients.map { client -> JSONValue in
        [
          "name": .string(client.name), "public_key": .string(client.publicKey.text),
          "roles": JSONValue(client.roles.map(\.rawValue).sorted()),
        ]
      }
      return try Console.print(json: ["clients": .array(list)])
    }
    var table = Table([.init("name"), .init("roles"), .init("public key")])
    for client in clients { table.add([client.name, client.rolesText, client.publicKey.text]) }
    table.print()
  }
}
