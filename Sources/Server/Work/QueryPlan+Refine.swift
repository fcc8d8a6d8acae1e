import BusProtocol
import Imaging
import JSONC
import SegSAM
import ZeroMQ

extension QueryPlan {
  /// Starts each query from a mask of an earlier answer (protocol: `refine`).
  ///
  /// - Throws: `invalid_argument` where that answer has no masks, none of this image's size, or not as
  ///   many as there are queries, or one.
  mutating func start(from earlier: [Frame], image: MedicalImage) throws(ProtocolError) {
    let path = "parameters.refine"
    let masks: [[UInt8]]
    do {
      let reply = try Reply(frames: earlier.map { Payload($0) })
      let result = try JSONCDecoder().decode(
        SegmentResult.self, from: reply.header.result ?? .null, at: "result")
      masks = try reply.binaryMasks(result) ?? []
    } catch {
      throw .invalidArgument("the answer to refine is not of segment", path: path)
    }
    guard !masks.isEmpty else {
      throw .invalidArgument("the answer to refine has no binary masks", path: path)
    }
    guard masks.count == 1 || masks.count == queries.count else {
      throw .invalidArgument(
        "the answer to refine has \(masks.count) masks for \(queries.count) queries", path: path)
    }
    guard masks.allSatisfy({ $0.count == image.voxelCount }) else {
      throw .invalidArgument("the answer to refine is of another image", path: path)
    }
    start(from: masks, image: image)
  }

  /// Starts each query from its mask of an input that was checked, or all from the only one.
  mutating func start(from mask: Tensor, image: MedicalImage) {
    let (bytes, size) = (mask.payload.array, image.voxelCount)
    start(
      from: stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<$0 + size]) },
      image: image)
  }

  private mutating func start(from masks: [[UInt8]], image: MedicalImage) {
    for n in queries.indices {
      let voxels = masks[masks.count == 1 ? 0 : n]
      guard voxels.contains(where: { $0 != 0 }) else { continue }
      queries[n].mask = MaskPrompt(
        BinaryMask(
          width: image.width, height: image.height, depth: image.depth, voxels: voxels))
    }
  }
}
