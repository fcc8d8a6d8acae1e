import Imaging
import JSONC
import SegSAM
import Vocabulary

/// Writes all regions of an image into a folder: a mask each, one label map, pictures, result.json.
struct EverythingOutput: Sendable {
  /// A region with the slice that it is of.
  struct Found: Sendable {
    /// Nil of an image that is no volume.
    var slice: Int?
    var region: EverythingRegion
  }

  var file: InputFile
  var slices: EverythingSlices
  var model: ModelInfo
  /// Those of a slice together, the best first.
  var found: [Found]
  /// Of the masks; nil: as the image.
  var container: MaskFormat.Container?
  var vocabulary: Vocabulary? = try? Vocabulary.load(at: VocabularyLocation.find())

  /// What was written.
  struct Written: Sendable {
    var files: [String]
    /// The content of `result.json`.
    var result: JSONValue
    var table: Table
  }

  func write(to folder: OutputFolder) throws -> Written {
    let format = MaskFormat(kind: file.kind, image: slices.image, chosen: container)
    guard found.count <= 65_535 else {
      throw Failure(.badInput, "\(found.count) regions are too many for a label map; use --grid")
    }
    var table = Table([
      .init("region", .right), .init("category"), .init("probability", .right),
      .init("score", .right), .init("voxels", .right), .init("file"),
    ])
    var (names, entries): ([String], [JSONValue]) = ([], [])
    for (n, each) in found.enumerated() {
      let region = each.region
      let name = Self.name(n + 1, region.category, found.count) + "." + format.fileExtension
      let mask = try slices.restore(region.mask, slice: each.slice)
      try format.write(mask, to: folder.path(for: name))
      names.append(name)
      entries.append(entry(n + 1, each, mask, name))
      table.add([
        "\(n + 1)", region.category ?? "–", region.probability.text(3), region.score.text(3),
        "\(mask.count)", name,
      ])
    }
    let mapName = "regions.\(format.fileExtension)"
    try format.write(
      try labels(), colors: found.indices.map(OverlayPicture.color),
      to: folder.path(for: mapName))
    let pictures = try writePictures(to: folder)
    let result: JSONValue = .object([
      "image": .string(file.path),
      "model": ["name": .string(model.name), "version": .string(model.version)],
      "regions": .array(entries),
      "files": [
        "binary_masks": JSONValue(names), "label_map": .string(mapName),
        "overlays": JSONValue(pictures),
      ],
    ])
    try folder.write(try result.pretty(), to: "result.json")
    try folder.commit()
    return Written(
      files: names + [mapName] + pictures + ["result.json"], result: result, table: table)
  }

  /// `region_001_liver`; as many digits as the last one needs, at least three.
  static func name(_ number: Int, _ category: String?, _ count: Int) -> String {
    let digits = max(3, String(count).count)
    let zeros = String(repeating: "0", count: max(0, digits - String(number).count))
    return "region_\(zeros)\(number)_\(MaskNames.safe(category ?? "object"))"
  }

  private func entry(
    _ number: Int, _ each: Found, _ mask: BinaryMask, _ name: String
  ) -> JSONValue {
    let (image, region) = (slices.image, each.region)
    var object: JSONObject = [
      "label": JSONValue(number), "category": region.category.map { .string($0) } ?? .null,
      "probability": .double(region.probability), "score": .double(region.score),
    ]
    if let stability = region.stability { object["stability"] = .double(stability) }
    object["voxels"] = JSONValue(mask.count)
    if image.hasSpacing {
      // In the plane of the slice.
      let spacing = slices.view.affine.spacing
      object["area_mm2"] = .double(Double(mask.count) * spacing[0] * spacing[1])
    }
    object["bbox"] =
      mask.boundingBox.map { JSONValue($0.bounds(isVolume: image.isVolume)) } ?? .null
    object["points"] = .array(
      region.points.map { JSONValue(slices.place($0, slice: each.slice)) })
    if let slice = each.slice { object["slice"] = JSONValue(slice) }
    object["candidates"] = .array(
      region.candidates.map {
        ["category": .string($0.category), "probability": .double($0.probability)]
      })
    object["file"] = .string(name)
    return .object(object)
  }

  /// Region n has label n; what lies inside another region is on top of it.
  private func labels() throws -> LabelMap {
    let image = slices.image
    var map = LabelMap(width: image.width, height: image.height, depth: image.depth)
    let areas = found.map(\.region.mask.count)
    for n in found.indices.sorted(by: { (areas[$0], $1) > (areas[$1], $0) }) {
      let mask = try slices.restore(found[n].region.mask, slice: found[n].slice)
      for voxel in mask.voxels.indices where mask.voxels[voxel] != 0 {
        map.labels[voxel] = UInt16(n + 1)
      }
    }
    return map
  }

  /// A picture of each slice; of a single one `overlay.png`.
  private func writePictures(to folder: OutputFolder) throws -> [String] {
    let all = try slices.slices()
    var names: [String] = []
    for (number, image) in all {
      let layers = found.indices.filter { found[$0].slice == number }.map { n -> Overlay.Layer in
        let region = found[n].region
        let name = region.category.map { vocabulary?[$0]?.name ?? $0.replacing("_", with: " ") }
        return Overlay.Layer(
          mask: region.mask, name: "\(n + 1) \(name ?? "object") \(region.probability.text(2))",
          color: OverlayPicture.color(n))
      }
      let picture = try OverlayPicture.make(image, layers: layers)
      let name = all.count == 1 ? "overlay.png" : "overlay_\(number ?? 0).png"
      try ImageFile.writePNG(
        rgb: picture.pixels, width: picture.width, height: picture.height,
        path: folder.path(for: name))
      names.append(name)
    }
    return names
  }
}
