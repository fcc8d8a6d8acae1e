/// Why a text could not be encoded, or the encoder not be opened.
public enum TextEncoderError: Error, Hashable, CustomStringConvertible {
  /// A file of the encoder is absent or unreadable; run `./bootstrap`.
  case missing(path: String, reason: String)
  /// A file of the encoder is not what it should be.
  case invalid(path: String, reason: String)
  /// The text is written, in part at least, in a script that this English encoder cannot read.
  case script(found: String)
  /// The text has no letter at all.
  case empty
  /// The runtime failed; the text of its error.
  case runtime(String)

  /// A stable name for programs.
  public var code: String {
    switch self {
    case .missing: "encoder_missing"
    case .invalid: "encoder_invalid"
    case .script: "text_script"
    case .empty: "text_empty"
    case .runtime: "encoder_runtime"
    }
  }

  public var description: String {
    switch self {
    case .missing(let path, let reason):
      "the text encoder lacks \(path) (\(reason)); run ./bootstrap, or set SEGSAM_MINILM_DIR"
    case .invalid(let path, let reason):
      "the text encoder's \(path) is not usable: \(reason); remove .deps/minilm, run ./bootstrap"
    case .script(let found):
      "free text must be English in Latin letters, this has \"\(found)\";"
        + " name a category instead, they are known in other languages too"
    case .empty: "free text must have at least one letter"
    case .runtime(let reason): "the text encoder failed: \(reason)"
    }
  }
}
