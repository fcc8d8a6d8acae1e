import BusProtocol
import Client
import Imaging
import Vocabulary

/// What the server said about the demonstration's image, beside the truth.
struct DemoAnswer: Sendable {
  var results: [CategoryResult]
  var masks: [BinaryMask]
  /// With the truth, of each question.
  var dice: [Double]
  var milliseconds: Double

  init(_ segmentation: Segmentation, scene: DemoScene, took: Duration) throws {
    results = segmentation.result.categories
    let voxels = try segmentation.binaryMasks() ?? []
    guard results.count == DemoScene.questions.count, voxels.count == results.count,
      voxels.allSatisfy({ $0.count == scene.image.voxelCount })
    else { throw ClientError.malformedReply("there are not as many masks as questions") }
    masks = voxels.map {
      BinaryMask(width: scene.image.width, height: scene.image.height, voxels: $0)
    }
    dice = try zip(masks, scene.truths).map { try Overlap($0, $1).dice }
    milliseconds =
      Double(took.components.seconds) * 1e3 + Double(took.components.attoseconds) / 1e15
  }

  var table: Table {
    var table = Table([
      .init("query"), .init("language"), .init("category"), .init("present"),
      .init("presence", .right), .init("score", .right), .init("voxels", .right),
      .init("DSC", .right),
    ])
    for (n, question) in DemoScene.questions.enumerated() {
      let result = results[n]
      table.add([
        question.query, question.language, result.category ?? "–",
        result.present ? "yes" : "no", result.presence.text(3), result.score.text(3),
        "\(masks[n].count)", dice[n].text(3),
      ])
    }
    return table
  }

  /// Masks, one for each question, under the questions' names.
  func layers(_ masks: [BinaryMask]) -> [Overlay.Layer] {
    masks.enumerated().filter { $1.voxels.contains(1) }.map { n, mask in
      let name = (results[n].category ?? "object").replacing("_", with: " ")
      return Overlay.Layer(mask: mask, name: name, color: OverlayPicture.color(n))
    }
  }
}
