import ArgumentParser
import ZeroMQ

/// `segsam keys new`.
struct KeysNewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Makes a key pair: writes it to a new file, and prints the public key.")

  @Flag(help: "The pair is a server's, not a client's.")
  var server = false

  @Argument(help: "The file to write; only you can read it.")
  var file: String

  func run() async throws {
    let (file, holder) = (file, server ? "server" : "client")
    let pair = try Self.generate()
    try await Blocking.onKeys { () throws(KeyFileError) in
      try CurveKeyFile.create(
        file, for: pair, comment: "Key of a segsam \(holder). Keep the secret one to yourself.")
    }
    let key = pair.publicKey
    Console.print(key.text)
    Console.error(
      server
        ? "clients need this public key, to be sure of the server"
        : "let it in with: segsam keys allow '\(key)' --roles query --name NAME --keys FILE")
  }

  /// A pair whose public key is no option to a command line.
  static func generate() throws(Failure) -> CurveKeyPair {
    do throws(ZMQError) {
      var pair = try CurveKeyPair.generate()
      while pair.publicKey.text.hasPrefix("-") { pair = try CurveKeyPair.generate() }
      return pair
    } catch {
      throw Failure(.internalFault, "no key pair can be made: \(error)")
    }
  }
}
