import BusProtocol
import JSONC
import ZeroMQ

extension ReplyHeader {
  /// Frame 0; nil where a number in it is not finite, which only a faulty engine makes.
  var frame: Frame? { Frame(encoding: json) }
}

extension StreamHeader {
  var frame: Frame? { Frame(encoding: json) }
}

extension Frame {
  fileprivate convenience init?(encoding object: JSONObject) {
    guard let bytes = try? JSONValue.object(object).encoded() else { return nil }
    self.init(bytes)
  }
}

extension Request {
  /// Of what makes two requests the same: `deadline_ms`, `priority` and `progress` do not count.
  var digest: ContentDigest {
    ContentDigest { hasher in
      hasher.combine(header.method)
      hasher.combine(header.durable)
      hasher.combine(header.parameters)
      hasher.combine(header.inputs)
      hasher.combine(image?.tensor.payload)
    }
  }
}

extension InputImage {
  /// Of bytes and image parameters: the key of the engine's cache, and the `image_id`.
  var digest: ContentDigest { ContentDigest { $0.combine(self) } }
}
