import JSONC

/// A hash of what a message says: stable over restarts and machines, so that it may be kept on disk
/// (a journal of durable requests), and collision-resistant, so that it may be shared by clients.
public struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
  /// 64 hexadecimal digits.
  public let description: String

  init(_ parts: [Part]) {
    var hash = BLAKE2b()
    for part in parts {
      // Lengths before contents: no two lists of parts have the same bytes.
      hash.update(Self.length(part.count))
      switch part {
      case .bytes(let bytes): hash.update(bytes)
      case .payload(let payload):
        payload.withBytes { span in span.withUnsafeBytes { hash.update($0) } }
      }
    }
    description = hash.finalize().map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  enum Part {
    case bytes([UInt8])
    case payload(Payload)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .payload(let payload): payload.count
      }
    }

    /// Canonical: names sorted. A value that came over the wire can always be written.
    static func json(_ value: JSONValue) -> Part {
      .bytes((try? value.encoded(sorted: true)) ?? [])
    }
  }

  private static func length(_ count: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
  }
}

extension Request {
  /// Of what makes two requests with one id the same request; `deadline_ms`, `priority` and
  /// `progress` do not count.
  public var fingerprint: Fingerprint {
    let content: JSONValue = [
      "method": .string(header.method), "durable": .bool(header.durable),
      "parameters": .object(header.parameters), "inputs": .array(header.inputs.map(\.json)),
    ]
    let payloads = [image?.tensor.payload, mask?.payload].compactMap { $0 }
    return Fingerprint([.json(content)] + payloads.map { .payload($0) })
  }
}

extension InputImage {
  /// Of bytes, datatype, shape and parameters.
  public var fingerprint: Fingerprint {
    Fingerprint([.json(tensor.entry.json), .payload(tensor.payload)])
  }
}
