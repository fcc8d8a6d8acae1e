import BusProtocol
import JSONC

/// What a request's work came to, before it is a message.
struct Answer: Sendable {
  var result: JSONObject
  var outputs: [Tensor] = []
  /// Milliseconds by stage.
  var timing: [String: Double] = [:]
  /// For the stream, sent only if the reply is.
  var drafts: [StreamDraft] = []
  /// To be held for its owner (`image.put`).
  var held: KeyedImage?
}

extension Duration {
  var milliseconds: Double {
    Double(components.seconds) * 1e3 + Double(components.attoseconds) * 1e-15
  }
}
