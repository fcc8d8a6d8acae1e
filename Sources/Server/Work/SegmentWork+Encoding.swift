import BusProtocol
import Imaging
import JSONC
import SegSAM

extension SegmentWork {
  func encode(
    _ result: SegmentationResult, plan: QueryPlan, _ parameters: SegmentParameters,
    image: KeyedImage, request: String
  ) throws -> Answer {
    let grid = image.image.gridShape
    let isVolume = image.image.isVolume
    let masks = result.queries.compactMap(\.mask)
    let wantsMasks = parameters.outputs.contains(.binaryMasks)
    var entries = zip(result.queries, plan.texts).map { found, text in
      entry(found, text: text, isVolume: isVolume)
    }
    var answer = Answer(result: [:], timing: result.timing)
    if let study = parameters.publish {
      answer.drafts = try zip(result.queries, entries).map { found, entry in
        var tensors: [Tensor] = []
        if let mask = found.mask { tensors = [try MaskCoding.bits([mask], grid: grid)] }
        let name = found.category ?? "free_text"
        return StreamDraft(
          topic: .result(study: study, category: name), request: request, study: study,
          category: name, result: .object(entry), tensors: tensors)
      }
    }
    if wantsMasks {
      switch parameters.encoding {
      case .raw: answer.outputs.append(try MaskCoding.raw(masks, grid: grid))
      case .bits: answer.outputs.append(try MaskCoding.bits(masks, grid: grid))
      case .rle:
        for n in entries.indices {
          entries[n]["rle"] = MaskCoding.runLengths(masks[n], isVolume: isVolume)
        }
      }
    }
    if parameters.outputs.contains(.alternatives) {
      answer.outputs.append(
        try alternatives(result, isRaw: parameters.encoding == .raw, grid: grid))
      for (n, found) in result.queries.enumerated() {
        entries[n]["alternative_scores"] = JSONValue(
          Self.drawn(found).isEmpty
            ? [Double](repeating: 0, count: Self.alternativeCount) : found.alternativeScores)
      }
    }
    answer.result["categories"] = .array(entries.map { .object($0) })
    if let map = result.semanticMask, parameters.outputs.contains(.semanticMask) {
      answer.outputs.append(
        try MaskCoding.labels(map, count: result.labels.count, grid: grid))
      answer.result["labels"] = .object(
        JSONObject(
          result.labels.enumerated().map { (key: "\($0 + 1)", value: JSONValue($1)) }))
    }
    if parameters.outputs.contains(.probabilities) {
      let all = result.probabilities.sorted { $0.key < $1.key }
      answer.result["probabilities"] = .object(
        JSONObject(all.map { (key: $0.key, value: JSONValue($0.value)) }))
    }
    if image.isFile { answer.result.addGeometry(of: image.image) }
    return answer
  }

  /// SAM draws three masks for an ambiguous prompt.
  static let alternativeCount = 3

  /// A query's alternatives; none where what was asked for is not there, or is drawn as a union.
  private static func drawn(_ found: QueryResult) -> [BinaryMask] {
    let isWhole =
      found.isPresent && found.alternatives.count == alternativeCount
      && found.alternativeScores.count == alternativeCount
    return isWhole ? found.alternatives : []
  }

  private func alternatives(
    _ result: SegmentationResult, isRaw: Bool, grid: [Int]
  ) throws -> Tensor {
    let voxels = grid.reduce(1, *)
    let none = BinaryMask(width: voxels, height: 1)
    let masks = result.queries.flatMap { found in
      let drawn = Self.drawn(found)
      return drawn.isEmpty ? Array(repeating: none, count: Self.alternativeCount) : drawn
    }
    let shape = [result.queries.count, Self.alternativeCount]
    return isRaw
      ? try MaskCoding.raw(masks, grid: grid, name: "alternatives", shape: shape)
      : try MaskCoding.bits(masks, grid: grid, name: "alternatives", shape: shape)
  }

  private func entry(_ found: QueryResult, text: String?, isVolume: Bool) -> JSONObject {
    let extent = found.mask.map { MaskCoding.extent($0, isVolume: isVolume) }
    var entry: JSONObject = [
      "query": text.map { .string($0) } ?? .null,
      "category": found.category.map { .string($0) } ?? .null,
      "present": JSONValue(found.isPresent), "presence": JSONValue(found.presence),
      "score": JSONValue(found.score), "voxels": JSONValue(extent?.voxels ?? 0),
      "bbox": extent?.box.map { JSONValue($0) } ?? .null,
    ]
    if !found.parts.isEmpty {
      entry["parts"] = .array(
        found.parts.map { part in
          [
            "category": .string(part.category), "present": JSONValue(part.isPresent),
            "presence": JSONValue(part.presence),
          ]
        })
    }
    if !found.candidates.isEmpty {
      entry["candidates"] = .array(
        found.candidates.prefix(5).map { candidate in
          [
            "category": .string(candidate.category),
            "probability": JSONValue(candidate.probability),
          ]
        })
    }
    if !found.steps.isEmpty {
      entry["steps"] = .array(
        found.steps.map { step in
          var object: JSONObject = [
            "step": .string(step.kind.rawValue), "added": JSONValue(step.added),
            "removed": JSONValue(step.removed),
          ]
          if let note = step.note { object["note"] = .string(note) }
          return .object(object)
        })
    }
    if !found.warnings.isEmpty { entry["warnings"] = JSONValue(found.warnings) }
    if let told = found.promptedBy { entry["prompted_by"] = .string(told) }
    return entry
  }
}

extension JSONObject {
  /// Of an image that came as a file, which the client may not have read itself.
  mutating func addGeometry(of image: MedicalImage) {
    self["shape"] = JSONValue(image.gridShape)
    self["affine"] = .array(image.affine.rows.map { JSONValue($0) })
  }
}
