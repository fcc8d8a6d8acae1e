/// Why somebody else's checkpoint is not read.
public struct CheckpointError: Error, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The file cannot be read.
    case file = "checkpoint_file"
    /// The file is no checkpoint, or of a kind that has to be converted first.
    case kind = "checkpoint_kind"
    /// The zip archive is damaged, or built to mislead.
    case archive = "checkpoint_archive"
    /// The pickle is damaged, or built to mislead.
    case pickle = "checkpoint_pickle"
    /// The pickle asks for a function or class that weights do not need.
    case refused = "checkpoint_refused"
    /// Something is larger than a checkpoint of weights has reason to be.
    case limit = "checkpoint_limit"
    /// A tensor does not fit the bytes that are there for it.
    case tensor = "checkpoint_tensor"
    /// No tensor has this name.
    case missing = "checkpoint_missing"
  }
  public let code: Code
  /// What is wrong, and what to do.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}

extension CheckpointError {
  /// A file that ends early, or whose bytes changed on the way.
  static func damaged(_ code: Code, _ reason: String) -> CheckpointError {
    CheckpointError(code, "\(reason); the file is damaged or incomplete: fetch it again")
  }
}
