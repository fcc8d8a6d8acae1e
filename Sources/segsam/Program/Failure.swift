import BusProtocol
import JSONC

/// Why a command did not do what was asked: its exit status, and what people are told.
struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
  var status: ExitStatus
  /// One line: what is wrong and what to do.
  var message: String
  /// More lines, where one is not enough.
  var hints: [String]

  init(_ status: ExitStatus, _ message: String, hints: [String] = []) {
    self.status = status
    self.message = message
    self.hints = hints
  }

  var description: String { ([message] + hints).joined(separator: "\n") }
}

extension Failure {
  /// A server's refusal.
  init(_ error: ProtocolError) {
    var hints: [String] = []
    let near = error.details["suggestions"]?.arrayValue?.compactMap(\.stringValue) ?? []
    if !near.isEmpty { hints.append("did you mean \(near.joined(separator: ", "))?") }
    if let path = error.path { hints.append("at \(path)") }
    if let limit = error.details["limit"]?.stringValue, let actual = error.details["actual"] {
      hints.append("\(limit) is \(actual.intValue.map(String.init) ?? "more")")
    }
    self.init(Self.status(of: error.code), error.message, hints: hints)
  }

  private static func status(of code: ErrorCode) -> ExitStatus {
    switch code {
    case .invalidMessage, .invalidArgument, .unknownCategory, .unknownImage, .tooLarge,
      .idConflict:
      .badInput
    case .busy, .deadlineExceeded, .unauthorized, .unknownMethod: .noServer
    case .cancelled, .internal: .internalFault
    }
  }
}
