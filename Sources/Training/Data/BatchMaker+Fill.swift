import Imaging
import SegSAM

/// What a batch holds of the images' classes, labels, prompts and masks.
extension BatchMaker {
  func fillClasses(
    _ b: inout EmptyBatch, image: Int, slice: TrainingSlice, counts: [Int]
  ) {
    let targets = store.targets[slice.dataSet]
    let known = store.known[slice.dataSet][slice.caseIndex]
    let columns = store.categories.count + shape.pairs.count
    for (index, target) in targets.enumerated() where known[index] {
      let pixels = target.values.reduce(0) { $0 + counts[Int($1)] }
      guard pixels == 0 || pixels >= 4 else { continue }
      let column =
        target.members.count == 1
        ? target.members[0]
        : shape.pairs.firstIndex(of: target.members).map { store.categories.count + $0 }
      guard let column else { continue }
      b.classKnown[image * columns + column] = 1
      b.classTarget[image * columns + column] = pixels > 0 ? 1 : 0
    }
    // What only another kind of machine shows is not here.
    for category in store.foreignCategories[slice.dataSet] {
      b.classKnown[image * columns + category] = 0.1
    }
  }

  /// Every label of one category that was looked for, there or not.
  func fillDrawn(
    _ b: inout EmptyBatch, image: Int, slice: TrainingSlice, labels: [UInt8], counts: [Int],
    random: inout SeededRandom
  ) {
    let known = store.known[slice.dataSet][slice.caseIndex]
    var targets = zip(store.targets[slice.dataSet], known)
      .filter { $1 && $0.members.count == 1 }.map(\.0)
    if targets.count > shape.drawn { targets.shuffle(using: &random) }
    let area = labels.count / 4
    for (k, target) in targets.prefix(shape.drawn).enumerated() {
      let pixels = target.values.reduce(0) { $0 + counts[Int($1)] }
      guard pixels == 0 || pixels >= 4 else { continue }
      let at = image * shape.drawn + k
      b.drawn[at] = Int64(target.members[0])
      b.drawnKnown[at] = 1
      guard pixels > 0 else { continue }
      b.drawnPresent[at] = 1
      b.drawnTarget.replaceSubrange(
        at * area..<(at + 1) * area, with: halved(labels, target.values))
    }
  }

  func fillSlot(
    _ b: inout EmptyBatch, slot: Int, image: Int, ask: Ask, category: Int?, slice: TrainingSlice,
    random: inout SeededRandom
  ) {
    let c = configuration
    b.owner[slot] = Int64(image)
    for p in 0..<c.points {
      b.kinds[(slot * c.points + p) * 5 + PointKind.none.rawValue] = 1
    }
    if ask.prompt == .box || ask.prompt == .textAndBox { fillBox(&b, slot, ask, &random) }
    if ask.prompt == .points || ask.prompt == .textAndPoints { fillPoints(&b, slot, ask, &random) }
    guard ask.prompt != .box, ask.prompt != .points, let category else { return }
    b.hasText[slot] = 1
    let modality = store.corpus.dataSets[slice.dataSet].modality
    let vectors = texts.vectors(store.categories[category], modality)
    let width = c.textWidth
    if random.chance(mix.freeText),
      let sentence = texts.freeText(store.categories[category], random: &random)
    {
      let at = slot * c.aspects * width
      b.text.replaceSubrange(at..<at + width, with: sentence)
      return
    }
    let nameOnly = random.chance(mix.nameOnly)
    let some = random.chance(mix.someAspects)
    for aspect in 0..<c.aspects {
      if aspect > 0, nameOnly || (some && random.chance(0.5)) { continue }
      if aspect == 0, some, !nameOnly, random.chance(0.2) { continue }
      let at = (slot * c.aspects + aspect) * width
      b.text.replaceSubrange(
        at..<at + width, with: vectors[aspect * width..<(aspect + 1) * width])
    }
  }

  func place(
    _ b: inout EmptyBatch, _ slot: Int, _ p: Int, _ kind: PointKind, _ x: Float, _ y: Float
  ) {
    let c = configuration
    let at = slot * c.points + p
    b.places[at * 2] = min(max(x, 0), 1)
    b.places[at * 2 + 1] = min(max(y, 0), 1)
    for k in 0..<5 { b.kinds[at * 5 + k] = k == kind.rawValue ? 1 : 0 }
  }

  func fillBox(
    _ b: inout EmptyBatch, _ slot: Int, _ ask: Ask, _ random: inout SeededRandom
  ) {
    let half = configuration.imageSize / 2
    var (x0, y0, x1, y1) = (half, half, 0, 0)
    if let box = ask.box {
      (x0, y0, x1, y1) = (box.lower[0], box.lower[1], box.upper[0], box.upper[1])
    }
    for y in 0..<half where ask.box == nil {
      for x in 0..<half where ask.mask[y * half + x] > 0 {
        x0 = min(x0, x)
        x1 = max(x1, x + 1)
        y0 = min(y0, y)
        y1 = max(y1, y + 1)
      }
    }
    // Jittered by up to a tenth of the box, and by up to a pixel and a half of the image.
    func jitter(_ v: Int, _ extent: Int) -> Float {
      let reach = 0.1 * Float(extent) + 0.75
      return (Float(v) + random.uniform(-reach, reach)) / Float(half)
    }
    let (w, h) = (x1 - x0, y1 - y0)
    place(&b, slot, 0, .boxTopLeft, jitter(x0, w), jitter(y0, h))
    place(&b, slot, 1, .boxBottomRight, jitter(x1, w), jitter(y1, h))
  }

  func fillPoints(
    _ b: inout EmptyBatch, _ slot: Int, _ ask: Ask, _ random: inout SeededRandom
  ) {
    let half = configuration.imageSize / 2
    let on = ask.mask.indices.filter { ask.mask[$0] > 0.6 }
    let off = ask.mask.indices.filter { ask.mask[$0] == 0 }
    let count = 1 + random.below(random.chance(0.5) ? 1 : configuration.points - 2)
    for p in 0..<count {
      let positive = p == 0 || random.chance(0.6)
      let from = positive ? (on.isEmpty ? ask.mask.indices.filter { ask.mask[$0] > 0 } : on) : off
      guard !from.isEmpty else { continue }
      let at = from[random.below(from.count)]
      let x = (Float(at % half) + 0.5) / Float(half)
      let y = (Float(at / half) + 0.5) / Float(half)
      place(&b, slot, p + 2, positive ? .positive : .negative, x, y)
    }
  }

  /// Each pixel is one target's alone: that whose own value it has, else that which contains it.
  func fillSemantic(
    _ b: inout EmptyBatch, image: Int, seen: [(TargetLabel, Int)], labels: [UInt8]
  ) {
    let s = configuration.imageSize
    let half = s / 2
    var row = [Int](repeating: 0, count: 256)
    for (label, member) in seen {
      for v in label.values where row[Int(v)] == 0 { row[Int(v)] = member + 1 }
    }
    for (label, member) in seen { for v in label.own { row[Int(v)] = member + 1 } }
    row[0] = 0
    let base = image * (shape.perImage + 1) * half * half
    for y in 0..<s {
      for x in 0..<s {
        let r = row[Int(labels[y * s + x])]
        let cell = (r * half + y / 2) * half + x / 2
        b.semanticTarget[base + cell] += 0.25
      }
    }
  }
}
