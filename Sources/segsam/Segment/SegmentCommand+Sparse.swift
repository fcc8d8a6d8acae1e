import Imaging
import JSONC
import SegSAM
import Vocabulary
import Volumetrics

extension SegmentCommand {
  /// `--sparse`: by a model in this process, slice by slice.
  func runSparse(_ path: String, _ file: InputFile, _ image: MedicalImage) async throws {
    let (volumes, filling) = (volumes, filling)
    let annotation = try await Blocking.run {
      let labels = try LabelFile.read(path, of: image)
      let used = Set(labels.labels).subtracting([0])
      guard !used.isEmpty else {
        throw Failure(.badInput, "\(path) has no labels: annotate some slices")
      }
      if let wrong = filling.label.first(where: { !used.contains($0.value) }) {
        throw Failure(.badInput, "\(path) has no label \(wrong.value) (\(wrong.name))")
      }
      return (map: labels, used: used.sorted())
    }
    guard image.isVolume else { throw Failure(.badInput, "\(file.path) is no volume") }
    let loaded = try await LoadedModel.load(server.model)
    let labels = try annotation.used.map { value in
      SparseFilling.Label(value: value, subject: try subject(of: value, loaded.vocabulary))
    }
    var work = SparseFilling(engine: loaded.engine, labels: labels)
    work.propagation = volumes.propagate == .off ? .annotated : volumes.propagate
    work.threshold = prompts.threshold
    let progress = Progress("filling", unit: "slices")
    let result = try await work.fill(
      annotation.map, in: image, imageKey: "image", annotated: Set(filling.empty)
    ) { progress.advance($0, of: $1) }
    progress.end()
    let output = output
    let format = MaskFormat(kind: file.kind, image: image, chosen: maskFormat)
    let name = "labels.\(format.fileExtension)"
    let model = loaded.engine.model
    let json: JSONValue = .object([
      "image": .string(file.path),
      "model": ["name": .string(model.name), "version": .string(model.version)],
      "labels": .object(
        JSONObject(
          labels.map { label in
            (key: "\(label.value)", value: Self.name(label.subject).map { .string($0) } ?? .null)
          })),
      "slices": [
        "drawn": JSONValue(result.drawn), "interpolated": JSONValue(result.interpolated),
      ],
      "voxels": .object(
        JSONObject(
          labels.map { label in
            (key: "\(label.value)", value: JSONValue(result.map.labels.count { $0 == label.value }))
          })),
      "files": ["label_map": .string(name)],
    ])
    try await Blocking.run {
      let folder = try OutputFolder(path: output)
      try format.write(result.map, colors: [], to: folder.path(for: name))
      try folder.write(try json.pretty(), to: "result.json")
      try folder.commit()
    }
    if self.json { return try Console.print(json: json) }
    Console.print(
      "\(result.drawn) slices drawn, \(result.interpolated) interpolated; written to \(output): "
        + "\(name), result.json")
  }

  private func subject(of value: UInt16, _ vocabulary: Vocabulary) throws -> QuerySubject {
    guard let name = filling.label.first(where: { $0.value == value })?.name else {
      return .unnamed
    }
    guard let category = vocabulary.resolve(name).category else {
      throw Failure(
        .badInput, "no category is called \"\(name)\"; segsam categories list shows them")
    }
    return .category(category)
  }

  private static func name(_ subject: QuerySubject) -> String? {
    if case .category(let id) = subject { return id }
    return nil
  }
}

/// A label map that somebody drew.
enum LabelFile {
  /// - Throws: `Failure` where it is not on the image's grid.
  static func read(_ path: String, of image: MedicalImage) throws -> LabelMap {
    let drawn = try InputFile(path: path).image(modality: nil)
    guard drawn.gridShape == image.gridShape, drawn.channels == 1 else {
      throw Failure(
        .badInput,
        "\(path) has \(drawn.gridShape) voxels, the image \(image.gridShape): annotate on its grid")
    }
    let moved = zip(drawn.affine.rows.joined(), image.affine.rows.joined())
      .contains { abs($0 - $1) > 1e-2 }
    guard !moved else {
      throw Failure(.badInput, "\(path) lies elsewhere than the image: their affines differ")
    }
    let labels = drawn.samples.map { value in
      value >= 0 && value <= 65_535 && value == value.rounded() ? UInt16(value) : nil
    }
    guard !labels.contains(nil) else {
      throw Failure(.badInput, "\(path) is no label map: values must be whole, 0 to 65535")
    }
    return LabelMap(
      width: image.width, height: image.height, depth: image.depth,
      labels: labels.compactMap { $0 })
  }
}
