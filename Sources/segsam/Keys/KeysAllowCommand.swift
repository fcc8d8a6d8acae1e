import ArgumentParser
import Server
import ZeroMQ

/// `segsam keys allow`.
struct KeysAllowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allow",
    abstract: "Lets a client in, or changes what it may do and how it is called.")

  @Argument(help: "The client's, as segsam keys new prints it.")
  var publicKey: String

  @Option(
    help: ArgumentHelp(
      "What it may do: query (ask), stream (see everybody's results), admin (change the model).",
      valueName: "role,role"))
  var roles = "query"

  @Option(help: ArgumentHelp("What to call it: letters, digits and ._-@", valueName: "name"))
  var name: String

  @OptionGroup var keys: KeysFileOptions

  func validate() throws {
    guard CurvePublicKey(publicKey) != nil else {
      throw ValidationError(
        "PUBLIC-KEY has 40 characters of Z85; put it between single quotes.")
    }
    guard ClientKey.roles(in: roles) != nil else {
      throw ValidationError("--roles is some of query, stream and admin, with commas.")
    }
    guard ClientKey.isName(name) else {
      throw ValidationError("--name has at most 32 letters, digits and ._-@.")
    }
  }

  func run() async throws {
    guard let key = CurvePublicKey(publicKey), let roles = ClientKey.roles(in: roles) else {
      return
    }
    let client = ClientKey(publicKey: key, roles: roles, name: name)
    let path = keys.path
    try await Blocking.onKeys { () throws(KeyFileError) in
      try ClientKeysFile.edit(path, isNew: true) { list throws(KeyFileError) in
        try list.allow(client)
      }
    }
    Console.print("\(client.name) may \(client.rolesText)")
  }
}
