import ArgumentParser
import Checkpoints
import Client
import Imaging
import NeuralGraph
import SegSAM
import Server
import Training
import Vocabulary
import ZeroMQ

/// Every error of the libraries, mapped to an exit status in one place.
extension Failure {
  /// - Returns: nil for what the argument parser says itself: usage, help, version, exit codes.
  init?(running error: any Error) {
    if error is ValidationError || error is CleanExit || error is ExitCode { return nil }
    // What parsing throws is of a private type; only its exit code tells it.
    let code = SegsamCommand.exitCode(for: error)
    if code == .success || code == .validationFailure { return nil }
    self.init(of: error)
  }

  init(of error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as ClientError: self.init(error)
    case let error as ImagingError:
      self.init(error.code == .unwritable ? .internalFault : .badInput, error.message)
    case let error as VocabularyError:
      self.init(
        error.code == .invalid ? .badInput : .internalFault, error.message,
        hints: error.findings.prefix(5).map(\.description))
    case let error as BundleError: self.init(.badInput, error.message)
    case let error as CheckpointError: self.init(.badInput, error.message)
    case let error as SafetensorsError:
      self.init(error.code == .file ? .internalFault : .badInput, error.message)
    case let error as CorpusError: self.init(.badInput, "\(error)")
    case let error as PredictorError:
      self.init(error.code == .invalidQuery ? .badInput : .internalFault, error.message)
    case let error as ServiceError: self.init(error)
    case let error as DescribeError: self.init(error)
    case let error as KeyFileError: self.init(error)
    case is CancellationError: self.init(.internalFault, "stopped before the end")
    default: self.init(.internalFault, "\(error)")
    }
  }

  private init(_ error: ClientError) {
    switch error {
    case .refused(let refusal): self.init(refusal)
    case .timedOut, .connection, .closed, .overloaded: self.init(.noServer, error.description)
    case .cancelled, .malformedReply: self.init(.internalFault, error.description)
    }
  }

  private init(_ error: ServiceError) {
    switch error.code {
    case .insecureBind, .badConfiguration: self.init(.usage, error.message)
    case .journal: self.init(.badInput, error.message)
    case .bindFailed: self.init(.noServer, error.message)
    case .alreadyStarted: self.init(.internalFault, error.message)
    }
  }

  private init(_ error: DescribeError) {
    let status: ExitStatus =
      switch error.code {
      case .badEndpoint: .usage
      case .unknownCategory, .exists, .badTemplate, .files: .badInput
      case .unreachable, .timedOut, .refused: .noServer
      case .badAnswer: .internalFault
      }
    self.init(status, error.message, hints: error.faults)
  }
}
