import ArgumentParser
import Glibc

/// The program: reads the command line, runs the command, and ends with its status.
@main
enum Main {
  static func main() async {
    // A reader that went away shows as a failed write, not as a killed program.
    signal(SIGPIPE, SIG_IGN)
    do {
      let parsed = try await SegsamCommand.asyncParseAsRoot()
      if var command = parsed as? any AsyncParsableCommand {
        try await command.run()
      } else {
        var command = parsed
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  /// Usage, help and version are the argument parser's to tell; everything else is a `Failure`.
  private static func end(with error: any Error) -> Never {
    guard let failure = Failure(running: error) else { SegsamCommand.exit(withError: error) }
    Console.error("segsam: \(failure.message)")
    for hint in failure.hints { Console.error("  \(hint)") }
    exit(failure.status.rawValue)
  }
}
