public import BusProtocol
import JSONC

/// The answer to `segment`: the result, and its masks.
public struct Segmentation: Sendable, Hashable {
  public var result: SegmentResult
  public var reply: Reply

  /// Reads the final reply to `segment`, as `SegSAMClient.start` gives it.
  public init(_ reply: Reply) throws(ClientError) {
    self.reply = reply
    result = try reply.result()
  }

  /// M_b of each query, 0 and 1 in C order on the image's grid, whatever their encoding; nil where
  /// none were asked for.
  ///
  /// - Throws: `malformedReply` where sizes disagree.
  public func binaryMasks() throws(ClientError) -> [[UInt8]]? {
    do throws(ProtocolError) {
      return try reply.binaryMasks(result)
    } catch {
      throw .malformedReply(error.message)
    }
  }

  /// What else the decoder drew for each query (SAM's three masks for an ambiguous prompt), 0 and 1 in C
  /// order; their predicted IoU stands in `result`. Nil where `outputs` did not name `alternatives`.
  ///
  /// - Throws: `malformedReply` where sizes disagree.
  public func alternatives() throws(ClientError) -> [[[UInt8]]]? {
    do throws(ProtocolError) {
      return try reply.alternatives(result)
    } catch {
      throw .malformedReply(error.message)
    }
  }

  /// M_s: 0 background, else a key of `result.labels`; nil where none was asked for.
  public func semanticMask() -> [UInt16]? {
    guard let tensor = reply.output("semantic_mask") else { return nil }
    let bytes = tensor.payload.array
    guard tensor.entry.datatype == .uint16 else { return bytes.map(UInt16.init) }
    return stride(from: 0, to: bytes.count - 1, by: 2).map {
      UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
    }
  }
}

extension Reply {
  /// The `result` as its type.
  func result<T: Decodable>(_ type: T.Type = T.self) throws(ClientError) -> T {
    do throws(JSONError) {
      return try JSONCDecoder().decode(type, from: header.result ?? .null, at: "result")
    } catch {
      throw .malformedReply("\(error)")
    }
  }
}
