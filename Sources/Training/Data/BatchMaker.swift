import Imaging
public import SegSAM

/// How prompts are drawn for a target that is there.
public struct PromptMix: Codable, Sendable, Hashable {
  public var text: Float = 0.55
  public var textAndBox: Float = 0.16
  public var textAndPoints: Float = 0.08
  public var box: Float = 0.12
  public var points: Float = 0.09
  /// How often an image is asked for something that is not in it.
  public var absent: Float = 0.6
  /// How often all aspects but the name are left out, and how often some are.
  public var nameOnly: Float = 0.12
  public var someAspects: Float = 0.2
  /// How often one sentence stands in the name's place and nothing else is said, as in a query by
  /// free text.
  public var freeText: Float = 0.15
  /// How often a box alone or clicks alone ask for a region that nobody labelled instead (SegVol,
  /// arXiv 2311.13385, on pseudo-masks).
  public var pseudo: Float = 0
  /// Such a box asks for all regions of which more than this share lies in it; 1 for its own alone.
  public var absorbed: Float = 0.9
  public init() {}

  /// One way of asking, and nothing else.
  init(only prompt: ValidationPrompt) {
    (text, textAndBox, textAndPoints, box, points) = (0, 0, 0, 0, 0)
    switch prompt {
    case .text: text = 1
    case .point: points = 1
    case .textAndPoint: textAndPoints = 1
    }
    // Absent objects can be asked for by text only.
    if prompt != .text { absent = 0 }
    freeText = 0
  }
}

/// One step's values, by input name of `Objective`.
public struct Batch: Sendable {
  public var floats: [String: [Float]] = [:]
  public var integers: [String: [Int64]] = [:]
}

/// Draws batches: balanced over pairs of data set and category, augmented, with mixed prompts.
public struct BatchMaker: Sendable {
  public var store: SliceStore
  public var texts: AspectVectors
  public var configuration: NetworkConfiguration
  public var shape: BatchShape
  public var augmentation = Augmentation()
  public var mix = PromptMix()
  /// Views whose features are known, to draw from; nil: each image is a new view.
  public var views: FeatureViews?

  public init(
    store: SliceStore, texts: AspectVectors, configuration: NetworkConfiguration, shape: BatchShape
  ) {
    self.store = store
    self.texts = texts
    self.configuration = configuration
    self.shape = shape
  }

  /// One view of a slice.
  struct View: Sendable {
    /// The slice's index in the store, and the target for which it was drawn.
    var slice: Int, wanted: Int?
    /// Mask values, `[S, S]`.
    var labels: [UInt8]
    var warp: Warp, bend: Bend?
  }

  /// A target asked of one image of the batch.
  private struct Ask {
    /// Nil: a pseudo-region, which has no name.
    var label: TargetLabel?
    var isPresent: Bool
    /// Per pixel of the S/2 grid, in [0, 1].
    var mask: [Float]
    var prompt: Prompt
    /// On the S/2 grid, upper bounds exclusive; nil: around the mask.
    var box: VoxelBox?
  }
  private enum Prompt { case text, textAndBox, textAndPoints, box, points }

  public func make(random: inout SeededRandom) -> Batch {
    let c = configuration
    let (s, half, n) = (c.imageSize, c.imageSize / 2, shape.slots)
    let plane = s * s
    var b = EmptyBatch(configuration: c, shape: shape, categories: store.categories.count)
    var slot = 0
    var target = 0
    if views == nil { b.image = [Float](repeating: 0, count: shape.images * 3 * plane) }
    var kept: [Int] = []

    for image in 0..<shape.images {
      let view: View
      if let views {
        kept.append(random.below(views.views.count))
        view = views.views[kept[image]]
      } else {
        view = b.image.withUnsafeMutableBufferPointer {
          self.view(into: &$0, at: image * 3 * plane, random: &random)
        }
      }
      let (slice, wanted, labels) = (store.slices[view.slice], view.wanted, view.labels)
      let counts = Self.counts(labels)
      fillClasses(&b, image: image, slice: slice, counts: counts)
      fillDrawn(&b, image: image, slice: slice, labels: labels, counts: counts, random: &random)

      let room = min(shape.perImage, n - slot - (shape.images - 1 - image))
      var regions = PseudoView(slice: slice, warp: view.warp, bend: view.bend, size: s)
      let asks = choose(
        slice: slice, wanted: wanted, labels: labels, counts: counts, room: room, view: &regions,
        random: &random)
      var members = 0
      var seen: [(TargetLabel, Int)] = []
      for ask in asks.prefix(shape.perImage) {
        let categories: [Int?] = ask.label?.members ?? [nil]
        let slots = categories.count
        guard slot + slots + (shape.images - 1 - image) <= n else { break }
        for (k, category) in categories.enumerated() {
          fillSlot(
            &b, slot: slot + k, image: image, ask: ask, category: category, slice: slice,
            random: &random)
        }
        b.first[target] = Int64(slot)
        b.second[target] = Int64(slot + slots - 1)
        b.pair[target] = slots > 1 ? 1 : 0
        b.valid[target] = 1
        b.present[target] = ask.isPresent ? 1 : 0
        let area = half * half
        b.target.replaceSubrange(target * area..<(target + 1) * area, with: ask.mask)
        switch ask.prompt {
        case .box, .points:
          b.ambiguous[target] = ask.prompt == .points ? 1 : 0
          if slots == 1, let category = categories[0] {
            b.nameTarget[target * store.categories.count + category] = 1
            b.nameKnown[target] = 1
          }
        default: break
        }
        if let label = ask.label {
          b.members[image * shape.perImage + members] = Int64(target)
          seen.append((label, members))
          members += 1
        } else {
          // M_s is of what has a name.
          b.pseudo[target] = 1
        }
        slot += slots
        target += 1
      }
      fillSemantic(&b, image: image, seen: seen, labels: labels)
    }
    // Slots that are left over repeat the first one and count for nothing.
    var batch = b.batch()
    if let views { batch.floats.merge(views.features(of: kept)) { _, new in new } }
    return batch
  }

  /// A random view of a random slice: its normalised pixels go into `out`, `[3, S, S]` from `start`.
  func view(
    into out: inout UnsafeMutableBufferPointer<Float>, at start: Int,
    random: inout SeededRandom
  ) -> View {
    let s = configuration.imageSize
    let plane = s * s
    let (index, drawn) = store.draw(random: &random)
    let slice = store.slices[index]
    let focus = store.focus(on: drawn, in: slice, random: &random)
    let warp = augmentation.view(
      of: slice, size: s, focus: focus, mirrors: store.sides[slice.dataSet].mirrors,
      random: &random)
    let bend = augmentation.bend(warp, size: s, random: &random)
    var values = [Float](repeating: 0, count: slice.channels * plane)
    var inside = [Bool](repeating: false, count: plane)
    slice.sample(warp, bend: bend, size: s, into: &values, inside: &inside)
    augmentation.degrade(&values, size: s, channels: slice.channels, random: &random)
    augmentation.vary(&values, plane: plane, channels: slice.channels, random: &random)
    for ch in 0..<3 {
      let from = slice.channels == 3 ? ch : 0
      for i in 0..<plane {
        let v = inside[i] ? values[from * plane + i] : 0
        out[start + ch * plane + i] = (v - NetworkInput.mean) / NetworkInput.deviation
      }
    }
    var view = View(
      slice: index, wanted: drawn, labels: [UInt8](repeating: 0, count: plane),
      warp: warp, bend: bend)
    slice.sampleLabels(warp, bend: bend, size: s, into: &view.labels)
    if warp.mirrors {
      store.sides[slice.dataSet].exchange(&view.labels)
      view.wanted = drawn.map { store.sides[slice.dataSet].targets[$0] }
    }
    return view
  }

  /// How many pixels each mask value has.
  private static func counts(_ labels: [UInt8]) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    for v in labels { counts[Int(v)] += 1 }
    return counts
  }

  private func choose(
    slice: TrainingSlice, wanted: Int?, labels: [UInt8], counts: [Int], room: Int,
    view: inout PseudoView, random: inout SeededRandom
  ) -> [Ask] {
    let targets = store.targets[slice.dataSet]
    let known = store.known[slice.dataSet][slice.caseIndex]
    var there: [Int] = []
    var gone: [Int] = []
    for index in targets.indices where known[index] {
      let pixels = targets[index].values.reduce(0) { $0 + counts[Int($1)] }
      if pixels >= 4 {
        there.append(index)
      } else if pixels == 0 {
        gone.append(index)
      }
    }
    there.shuffle(using: &random)
    if let wanted, let at = there.firstIndex(of: wanted) { there.swapAt(0, at) }
    gone.shuffle(using: &random)
    let wantAbsent = random.chance(mix.absent)
    var asks: [Ask] = []
    for index in there.prefix(max(1, room - (wantAbsent ? 1 : 0))) {
      let prompt = drawPrompt(targets[index], random: &random)
      asks.append(
        askPseudo(prompt, labels: labels, view: &view, random: &random)
          ?? Ask(
            label: targets[index], isPresent: true, mask: halved(labels, targets[index].values),
            prompt: prompt))
    }
    if wantAbsent || there.isEmpty {
      var absent = gone.map { targets[$0] }
      // What another kind of machine shows cannot be in this image.
      if absent.isEmpty || random.chance(0.2), let other = store.foreign(to: slice, random: &random)
      {
        absent.insert(other, at: 0)
      }
      let empty = [Float](repeating: 0, count: labels.count / 4)
      for label in absent.prefix(there.isEmpty ? 2 : 1) {
        asks.append(Ask(label: label, isPresent: false, mask: empty, prompt: .text))
      }
    }
    return asks
  }

  /// Now and then a box or clicks ask for what nobody labelled; nil where they do not.
  private func askPseudo(
    _ prompt: Prompt, labels: [UInt8], view: inout PseudoView, random: inout SeededRandom
  ) -> Ask? {
    guard mix.pseudo > 0, prompt == .box || prompt == .points, random.chance(mix.pseudo),
      let regions = view.regions(labels: labels), regions.count > 0
    else { return nil }
    let region = random.below(regions.count)
    let absorbing = prompt == .box && mix.absorbed < 1 ? Double(mix.absorbed) : nil
    let mask = regions.mask(of: region, absorbing: absorbing)
    let box = regions.boxes[region]
    return Ask(
      label: nil, isPresent: true, mask: halved(mask.voxels, [1]), prompt: prompt,
      box: VoxelBox(
        lower: box.lower.map { $0 / 2 }, upper: box.upper.map { ($0 + 1) / 2 }))
  }

  private func drawPrompt(_ label: TargetLabel, random: inout SeededRandom) -> Prompt {
    // A composite is asked for by the names of its parts; a box around both would be neither's.
    guard label.members.count == 1 else { return .text }
    var p = random.unit()
    for (prompt, share) in [
      (Prompt.textAndBox, mix.textAndBox), (.textAndPoints, mix.textAndPoints), (.box, mix.box),
      (.points, mix.points),
    ] {
      if p < share { return prompt }
      p -= share
    }
    return .text
  }

  /// The share of each pixel of the S/2 grid that has one of the values.
  private func halved(_ labels: [UInt8], _ values: Set<UInt8>) -> [Float] {
    let s = configuration.imageSize
    let half = s / 2
    var wanted = [Float](repeating: 0, count: 256)
    for v in values { wanted[Int(v)] = 0.25 }
    var out = [Float](repeating: 0, count: half * half)
    for y in 0..<s {
      let row = (y / 2) * half
      for x in 0..<s { out[row + x / 2] += wanted[Int(labels[y * s + x])] }
    }
    return out
  }

  private func fillClasses(
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
  private func fillDrawn(
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

  private func fillSlot(
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

  private func fillBox(
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

  private func fillPoints(
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
  private func fillSemantic(
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
