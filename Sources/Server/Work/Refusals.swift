import BusProtocol
import SegSAM

/// Runs what an engine does. What it refuses is the request's fault and not the server's.
///
/// - Throws: `invalid_argument` for `PredictorError.Code.invalidQuery`; else what `body` throws.
func refusingQueries<R>(_ body: () async throws -> R) async throws -> R {
  do {
    return try await body()
  } catch let error as PredictorError {
    guard error.code == .invalidQuery else { throw error }
    throw ProtocolError.invalidArgument(error.message, path: "parameters")
  }
}
