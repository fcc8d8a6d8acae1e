import Imaging
public import SegSAM

/// One step's values, by input name of `Objective`.
public struct Batch: Sendable {
  public var floats: [String: [Float]] = [:]
  public var integers: [String: [Int64]] = [:]
  /// What was packed of `floats`.
  public var packed: [String: PackedValues] = [:]
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
  struct Ask {
    /// Nil: a pseudo-region, which has no name.
    var label: TargetLabel?
    var isPresent: Bool
    /// Per pixel of the S/2 grid, in [0, 1].
    var mask: [Float]
    var prompt: Prompt
    /// On the S/2 grid, upper bounds exclusive; nil: around the mask.
    var box: VoxelBox?
  }
  enum Prompt { case text, textAndBox, textAndPoints, box, points }

  public func make(random: inout SeededRandom) -> Batch {
    let c = configuration
    let (s, half, n) = (c.imageSize, c.imageSize / 2, shape.slots)
    let plane = s * s
    var b = EmptyBatch(configuration: c, shape: shape, categories: store.categories.count)
    var slot = 0
    var target = 0
    if views == nil { b.image = [Float](repeating: 0, count: shape.images * c.channels * plane) }
    var kept: [Int] = []

    for image in 0..<shape.images {
      let view: View
      if let views {
        kept.append(random.below(views.views.count))
        view = views.views[kept[image]]
      } else {
        view = b.image.withUnsafeMutableBufferPointer {
          self.view(into: &$0, at: image * c.channels * plane, random: &random)
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

  /// A random view of a random slice: its normalised pixels go into `out`, `[channels, S, S]` from
  /// `start`, and after them those of the slices around it, seen alike.
  func view(
    into out: inout UnsafeMutableBufferPointer<Float>, at start: Int,
    random: inout SeededRandom
  ) -> View {
    let (index, drawn) = store.draw(random: &random)
    return view(
      of: store.slices[index], index: index, wanted: drawn, into: &out, at: start,
      random: &random)
  }

  /// A random view of a slice, drawn for a target of its data set.
  func view(
    of slice: TrainingSlice, index: Int, wanted drawn: Int? = nil,
    into out: inout UnsafeMutableBufferPointer<Float>, at start: Int, random: inout SeededRandom
  ) -> View {
    let s = configuration.imageSize
    let plane = s * s
    let focus = store.focus(on: drawn, in: slice, random: &random)
    let warp = augmentation.view(
      of: slice, size: s, focus: focus, mirrors: store.sides[slice.dataSet].mirrors,
      random: &random)
    let bend = augmentation.bend(warp, size: s, random: &random)
    for (n, other) in slice.around.enumerated() {
      var alike = random
      show(
        other, warp, bend, into: &out, at: start + (n + 1) * configuration.channels * plane,
        random: &alike)
    }
    show(slice, warp, bend, into: &out, at: start, random: &random)
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

  private func show(
    _ slice: TrainingSlice, _ warp: Warp, _ bend: Bend?,
    into out: inout UnsafeMutableBufferPointer<Float>, at start: Int, random: inout SeededRandom
  ) {
    let s = configuration.imageSize
    let plane = s * s
    var values = [Float](repeating: 0, count: slice.planes * plane)
    var inside = [Bool](repeating: false, count: plane)
    slice.sample(warp, bend: bend, size: s, into: &values, inside: &inside)
    augmentation.degrade(&values, size: s, channels: slice.planes, random: &random)
    augmentation.vary(
      &values, plane: plane, channels: slice.planes,
      isColour: slice.channels == 3 && slice.neighbours == 0, random: &random)
    let alone = slice.neighbours > 0 && random.chance(augmentation.alone)
    for ch in 0..<configuration.channels {
      let from = slice.plane(of: ch, alone: alone)
      for i in 0..<plane {
        let v = inside[i] ? values[from * plane + i] : 0
        out[start + ch * plane + i] = (v - NetworkInput.mean) / NetworkInput.deviation
      }
    }
  }

  /// How many pixels each mask value has.
  private static func counts(_ labels: [UInt8]) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    for v in labels { counts[Int(v)] += 1 }
    return counts
  }
}
