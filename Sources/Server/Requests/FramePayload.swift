import BusProtocol
import ZeroMQ

/// A frame as the payload of a tensor: what came in is read where libzmq put it, and what goes out
/// is written once.
struct FramePayload: PayloadStorage {
  let frame: Frame
  var count: Int { frame.count }
  func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try frame.withBytes(body)
  }
}

extension Payload {
  init(_ frame: Frame) { self.init(storage: FramePayload(frame: frame)) }

  /// The bytes as a frame, shared where they are one already.
  var frame: Frame {
    if let own = owner as? FramePayload { return own.frame }
    return withBytes { span in span.withUnsafeBytes { Frame($0) } }
  }
}
