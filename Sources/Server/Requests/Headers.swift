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
  /// Of what makes two requests the same (`deadline_ms`, `priority` and `progress` do not count),
  /// and of its image.
  var digests: (request: ContentDigest, image: ContentDigest?) {
    // The bytes are read once: the request's digest is of the image's.
    let image = image?.digest
    let mask = mask.map { ContentDigest($0.payload) }
    let request = ContentDigest { hasher in
      hasher.combine(header.method)
      hasher.combine(header.durable)
      hasher.combine(header.parameters)
      hasher.combine(header.inputs)
      hasher.combine(image)
      hasher.combine(mask)
    }
    return (request, image)
  }
}

extension InputImage {
  /// Of bytes and image parameters: the key of the engine's cache, and the `image_id`.
  var digest: ContentDigest {
    let bytes = ContentDigest(tensor.payload)
    return ContentDigest { hasher in
      hasher.combine(tensor.entry)
      hasher.combine(parameters)
      hasher.combine(bytes)
    }
  }
}
