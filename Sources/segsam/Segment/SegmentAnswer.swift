import BusProtocol
import Client
import JSONC

/// What a server said about an image, checked against what was asked.
struct SegmentAnswer: Sendable {
  var segmentation: Segmentation
  var model: ReplyHeader.Model?
  /// M_b of each query, 0 and 1 in C order.
  var masks: [[UInt8]]
  /// M_s; key n of `labels`.
  var semantic: [UInt16]
  /// `labels[n - 1]` is what n stands for.
  var labels: [String]
  /// Of each query, whether it was the free text.
  var isFreeText: [Bool]
  /// The reply's `result` as it came.
  var json: JSONObject

  init(_ reply: Reply, parameters: SegmentParameters) throws {
    segmentation = try Segmentation(reply)
    model = reply.header.model
    json = reply.header.result?.objectValue ?? [:]
    masks = try segmentation.binaryMasks() ?? []
    semantic = segmentation.semanticMask() ?? []
    let names = segmentation.result.labels ?? [:]
    guard masks.count == parameters.queryCount,
      segmentation.result.categories.count == masks.count, names.count <= 65_535
    else { throw ClientError.malformedReply("there are not as many masks as queries") }
    labels = try names.indices.enumerated().map { n, _ in
      guard let name = names["\(n + 1)"] else {
        throw ClientError.malformedReply("the labels are not numbered from 1")
      }
      return name
    }
    guard semantic.allSatisfy({ $0 <= names.count }) else {
      throw ClientError.malformedReply("the semantic mask has labels that are not named")
    }
    isFreeText = masks.indices.map {
      parameters.freeText != nil && $0 == parameters.queryCount - 1
    }
  }
}
