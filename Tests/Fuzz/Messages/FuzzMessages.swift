import BusProtocol
import JSONC

/// What libFuzzer runs: bytes as the frames of a message, through every reader of messages. Whatever
/// they are, it ends in a value or in an error of the protocol.
///
/// Frames are parted by bytes 0xFF, which no JSON holds.
@_cdecl("LLVMFuzzerTestOneInput")
public func readMessage(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  let frames = bytes.split(separator: 0xFF, omittingEmptySubsequences: false).map {
    Payload(Array($0))
  }
  do throws(Rejection) {
    let request = try parser.parse(frames: frames)
    // What was read can be written and read again, and is the same.
    guard let header = try? JSONValue.object(request.header.json).encoded() else {
      preconditionFailure("a header that was read cannot be written")
    }
    let again = try parser.parse(
      frames: [Payload(header)] + (request.image.map { [$0.tensor.payload] } ?? []))
    precondition(again.fingerprint == request.fingerprint)
  } catch {
    precondition(error.reply.status == .error)
  }
  _ = try? Reply(frames: frames)
  _ = try? StreamMessage(frames: frames)
  return 0
}

private let parser = {
  var limits = ProtocolLimits()
  limits.inputBytes = 1 << 20
  return MessageParser(limits: limits)
}()
