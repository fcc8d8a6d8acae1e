import Imaging
import SegSAM
import Vocabulary

extension VolumeWork {
  /// Anatomy's say, composites from their parts, and everything back on the grid that came in.
  func finish(_ findings: consuming VolumeFindings) throws -> SegmentationResult {
    var found = findings
    postProcess(&found)
    var answers: [QueryResult] = []
    for index in queries.indices {
      answers.append(try answer(index, found.atoms))
      for atom in members[index] where !members[(index + 1)...].joined().contains(atom) {
        found.atoms[atom].mask = nil
      }
    }
    return SegmentationResult(
      queries: answers, semanticMask: try found.semantic.map { try view.restore($0) },
      labels: labels, probabilities: found.probabilities, timing: found.timing)
  }

  private func postProcess(_ found: inout VolumeFindings) {
    let steps = options.volume.postProcessing
    guard !steps.isEmpty else { return }
    let processor = PostProcessor(viewed, steps: steps)
    let labels = labels
    for n in atoms.indices {
      guard let category = category(n), var mask = found.atoms[n].mask else { continue }
      // Changed where it lies, not copied.
      found.atoms[n].mask = nil
      let outcome = processor.apply(
        category, presence: found.atoms[n].slicePresence, to: &mask)
      found.atoms[n].mask = mask
      found.atoms[n].warnings += outcome.warnings
      if !outcome.steps.isEmpty {
        found.atoms[n].steps += outcome.steps
        if mask.boundingBox == nil { found.atoms[n].isPresent = false }
      }
      // M_s has borders of its own, and the same anatomy.
      guard let index = labels.firstIndex(of: category.id), var map = found.semantic else {
        continue
      }
      found.semantic = nil
      process(
        UInt16(index + 1), of: category, presence: found.atoms[n].slicePresence, by: processor,
        in: &map)
      found.semantic = map
    }
  }

  private func process(
    _ label: UInt16, of category: Category, presence: [Double], by processor: PostProcessor,
    in map: inout LabelMap
  ) {
    var drawn = map.mask(of: label)
    guard let box = drawn.boundingBox else { return }
    let region = Region(box)
    let before = region.cut(drawn)
    guard !processor.apply(category, presence: presence, to: &drawn).steps.isEmpty else { return }
    // Nothing is drawn outside of what was there.
    let after = region.cut(drawn)
    let (columns, lines) = (region.size[0], region.size[1])
    for n in before.voxels.indices where before.voxels[n] != after.voxels[n] {
      let k = region.ranges[2].lowerBound + n / (columns * lines)
      let j = region.ranges[1].lowerBound + n / columns % lines
      let v = (k * map.height + j) * map.width + region.ranges[0].lowerBound + n % columns
      // A hole is filled where nothing else is drawn.
      if after.voxels[n] == 0 {
        map.labels[v] = 0
      } else if map.labels[v] == 0 {
        map.labels[v] = label
      }
    }
  }

  private func answer(_ index: Int, _ atoms: [QueryResult]) throws -> QueryResult {
    let mine = members[index].map { atoms[$0] }
    guard case .category(let id) = queries[index].subject, vocabulary.isComposite(id),
      !queries[index].hasPlace
    else {
      var one = mine[0]
      one.mask = try one.mask.map { try view.restore($0) }
      return one
    }
    let seen = mine.filter(\.isPresent)
    var union = BinaryMask(width: view.size[0], height: view.size[1], depth: view.size[2])
    for part in seen { if let mask = part.mask { union.formUnion(mask) } }
    let scores = (seen.isEmpty ? mine : seen).map(\.score)
    var result = QueryResult(
      category: id, isPresent: !seen.isEmpty, presence: mine.map(\.presence).max() ?? 0,
      score: scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count),
      mask: try view.restore(union),
      slicePresence: (0..<view.sliceCount).map { k in
        mine.map { k < $0.slicePresence.count ? $0.slicePresence[k] : 0 }.max() ?? 0
      })
    result.parts = vocabulary.parts(of: id).map { part in
      let one = mine.first { $0.category == part }
      return PartResult(
        category: part, isPresent: one?.isPresent ?? false, presence: one?.presence ?? 0)
    }
    for part in mine {
      let name = part.category.flatMap { vocabulary[$0]?.name } ?? ""
      result.steps += part.steps.map { step in
        var step = step
        step.note = step.note.map { "\(name): \($0)" } ?? name
        return step
      }
      result.warnings += part.warnings
    }
    return result
  }
}
