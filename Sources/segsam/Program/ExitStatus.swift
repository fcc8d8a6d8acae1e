/// How the program ends when it has not done what was asked, as `sysexits.h` numbers it.
enum ExitStatus: Int32, Sendable, CaseIterable {
  /// The command line makes no sense.
  case usage = 64
  /// An image, category, model or other input is not what is needed.
  case badInput = 65
  /// Nobody answers, or the server is too busy.
  case noServer = 69
  /// A fault of this program or of the server.
  case internalFault = 70
}
