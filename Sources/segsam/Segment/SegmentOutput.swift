import BusProtocol
import Client
import Imaging
import JSONC
import Vocabulary

/// Writes the answer about one image into a folder.
struct SegmentOutput: Sendable {
  var file: InputFile
  var image: MedicalImage
  var answer: SegmentAnswer
  /// Of the masks; nil: as the image.
  var container: MaskFormat.Container?
  /// For names and colours; nil where there is none at hand, which a server's client may lack.
  var vocabulary: Vocabulary? = try? Vocabulary.load(at: VocabularyLocation.find())

  /// What was written.
  struct Written: Sendable {
    var files: [String]
    /// The content of `result.json`.
    var result: JSONValue
    var rows: [[String]]

    var table: Table {
      var table = Table([
        .init("query"), .init("category"), .init("present"), .init("presence", .right),
        .init("score", .right), .init("voxels", .right), .init("file"),
      ])
      for row in rows { table.add(row) }
      return table
    }
  }

  func write(to folder: OutputFolder) throws -> Written {
    let results = answer.segmentation.result.categories
    let masks = try answer.masks.map(mask)
    let format = MaskFormat(kind: file.kind, image: image, chosen: container)
    let names = MaskNames.make(results.map(\.category), isFreeText: answer.isFreeText)
      .map { "\($0).\(format.fileExtension)" }
    for (mask, name) in zip(masks, names) { try format.write(mask, to: folder.path(for: name)) }
    let semanticName = "semantic_mask.\(format.fileExtension)"
    try format.write(
      try labels(), colors: answer.labels.enumerated().map { color(of: $1, number: $0) },
      to: folder.path(for: semanticName))
    let picture = try overlay(results, masks)
    try ImageFile.writePNG(
      rgb: picture.pixels, width: picture.width, height: picture.height,
      path: folder.path(for: "overlay.png"))
    let result = json(names, semanticName)
    try folder.write(try result.pretty(), to: "result.json")
    try folder.commit()
    let rows = zip(results, names).map { result, name in
      [
        result.query ?? "–", result.category ?? "–", result.present ? "yes" : "no",
        result.presence.text(3), result.score.text(3),
        result.voxels.map(String.init) ?? "–", name,
      ]
    }
    return Written(
      files: names + [semanticName, "overlay.png", "result.json"], result: result, rows: rows)
  }

  private func mask(_ voxels: [UInt8]) throws -> BinaryMask {
    guard voxels.count == image.voxelCount else {
      throw ClientError.malformedReply("a mask is not of the image's size")
    }
    return BinaryMask(
      width: image.width, height: image.height, depth: image.depth, voxels: voxels)
  }

  private func labels() throws -> LabelMap {
    guard answer.semantic.count == image.voxelCount else {
      throw ClientError.malformedReply("the semantic mask is not of the image's size")
    }
    return LabelMap(
      width: image.width, height: image.height, depth: image.depth, labels: answer.semantic)
  }

  private func overlay(
    _ results: [CategoryResult], _ masks: [BinaryMask]
  ) throws(ImagingError) -> Picture {
    var layers: [Overlay.Layer] = []
    for (n, result) in results.enumerated() where masks[n].voxels.contains(1) {
      let id = answer.isFreeText[n] ? "free text" : result.category ?? "object"
      layers.append(
        Overlay.Layer(
          mask: masks[n], name: vocabulary?[id]?.name ?? id.replacing("_", with: " "),
          color: color(of: id, number: n)))
    }
    return try OverlayPicture.make(image, layers: layers)
  }

  private func color(of category: String, number: Int) -> [UInt8] {
    guard let color = vocabulary?[category]?.color else { return OverlayPicture.color(number) }
    return [color.red, color.green, color.blue]
  }

  /// The protocol's result, with what was written where.
  private func json(_ names: [String], _ semanticName: String) -> JSONValue {
    var object = answer.json
    if let model = answer.model {
      object["model"] = ["name": .string(model.name), "version": .string(model.version)]
    }
    object["image"] = .string(file.path)
    object["files"] = [
      "binary_masks": JSONValue(names), "semantic_mask": .string(semanticName),
      "overlay": "overlay.png",
    ]
    return .object(object)
  }
}
