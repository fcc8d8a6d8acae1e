import Imaging
import NeuralGraph
import SegSAM
import Testing

@testable import Training

@Suite("Batches")
struct BatchMakerTests {
  private func batches(
    _ maker: BatchMaker, _ count: Int, seed: UInt64 = 1
  ) -> [Batch] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in maker.make(random: &random) }
  }

  @Test("hold all that the objective takes, finite, and the same for the same seed")
  func shapes() throws {
    let maker = try SyntheticCorpus.whole().maker()
    let graph = try Objective(
      network: SegSAMNetwork(configuration: maker.configuration, categoryCount: 4),
      weights: LossWeights(), batch: maker.shape
    ).build()
    let made = batches(maker, 2)
    for node in graph.inputs where node.name != "category_text" {
      let count = node.shape.reduce(1, *)
      if node.type == .int64 {
        #expect(made[0].integers[node.name]?.count == count, "\(node.name)")
      } else {
        #expect(made[0].floats[node.name]?.count == count, "\(node.name)")
      }
    }
    #expect(made[0].floats.count + made[0].integers.count == graph.inputs.count - 1)
    #expect(made[0].floats.values.allSatisfy { $0.allSatisfy(\.isFinite) })
    let again = batches(maker, 2)
    #expect(made.map(\.floats) == again.map(\.floats))
    #expect(made.map(\.integers) == again.map(\.integers))
    #expect(made[0].floats != made[1].floats)
    #expect(made[0].floats != batches(maker, 1, seed: 2)[0].floats)
  }

  @Test("have masks in [0, 1], indices in range, and nothing drawn of what is absent")
  func contents() throws {
    let maker = try SyntheticCorpus.whole().maker()
    let (n, area) = (maker.shape.slots, 256)
    var (present, absent, pairs, drawings) = (0, 0, 0, 0)
    for batch in batches(maker, 40) {
      let target = try #require(batch.floats["target"])
      let valid = try #require(batch.floats["valid"])
      let isPresent = try #require(batch.floats["present"])
      let first = try #require(batch.integers["first"])
      let second = try #require(batch.integers["second"])
      let pair = try #require(batch.floats["pair"])
      #expect(target.allSatisfy { (0...1).contains($0) })
      #expect((first + second).allSatisfy { (0..<Int64(n)).contains($0) })
      #expect(try #require(batch.integers["members"]).allSatisfy { (0...Int64(n)).contains($0) })
      #expect(try #require(batch.integers["owner"]).allSatisfy { (0..<3).contains($0) })
      for t in 0..<n {
        let mask = target[t * area..<(t + 1) * area]
        #expect(mask.contains { $0 > 0 } == (valid[t] == 1 && isPresent[t] == 1))
        #expect(second[t] - first[t] == Int64(pair[t]))
        if valid[t] == 1 { if isPresent[t] == 1 { present += 1 } else { absent += 1 } }
        pairs += Int(pair[t])
      }
      // Every target in use is a member of one image, once.
      let members = try #require(batch.integers["members"]).filter { $0 < n }
      #expect(members.sorted() == (0..<Int64(n)).filter { valid[Int($0)] == 1 })
      // Each pixel of M_s is one target's, or background.
      let semantic = try #require(batch.floats["semantic_target"])
      for image in 0..<3 {
        for pixel in 0..<area {
          #expect((0..<4).reduce(0) { $0 + semantic[(image * 4 + $1) * area + pixel] } == 1)
        }
      }
      // What descriptions draw: a label that is there has a mask, and is one that was looked for.
      let drawn = try #require(batch.integers["drawn_category"])
      let sketch = try #require(batch.floats["drawn_target"])
      let drawnKnown = try #require(batch.floats["drawn_known"])
      let drawnPresent = try #require(batch.floats["drawn_present"])
      #expect(drawn.allSatisfy { (0..<4).contains($0) })
      for k in drawn.indices {
        let shows = sketch[k * area..<(k + 1) * area].contains { $0 > 0 }
        #expect(shows == (drawnPresent[k] == 1))
        #expect(drawnKnown[k] == 1 || !shows)
        drawings += shows ? 1 : 0
      }
      // Points are one thing each, and in the square.
      let kinds = try #require(batch.floats["kinds"])
      for i in stride(from: 0, to: kinds.count, by: 5) {
        let sum = kinds[i..<i + 5].reduce(0, +)
        #expect(sum == 1 || sum == 0)
      }
      #expect(try #require(batch.floats["places"]).allSatisfy { (0...1).contains($0) })
    }
    #expect(present > 100 && absent > 20 && pairs > 10 && drawings > 50)
  }

  @Test("never take what was not looked for as absent")
  func unknown() throws {
    let files = try SyntheticCorpus()
    // Nobody looked for the left kidney or its lesion.
    try files.addKidneys([("a", "train", ["right_kidney"])])
    let maker = try files.maker()
    let names = SyntheticCorpus.categories
    let (left, lesion, cell) = (1, 2, 0)
    let columns = names.count + maker.shape.pairs.count
    let c = maker.configuration
    var absent = 0
    for batch in batches(maker, 60) {
      let known = try #require(batch.floats["class_known"])
      let asked = try #require(batch.floats["class_target"])
      for (label, isKnown) in zip(
        try #require(batch.integers["drawn_category"]), try #require(batch.floats["drawn_known"]))
      where isKnown == 1 {
        #expect(label != Int64(left) && label != Int64(lesion))
      }
      for image in 0..<3 {
        #expect(known[image * columns + left] == 0)
        #expect(known[image * columns + lesion] == 0)
        // What only another kind of machine shows may count, a little.
        #expect(known[image * columns + cell] <= 0.1)
        #expect(asked[image * columns + left] == 0)
      }
      // An absent target is never one of them; its text tells which it is.
      let text = try #require(batch.floats["text"])
      let valid = try #require(batch.floats["valid"])
      let present = try #require(batch.floats["present"])
      let first = try #require(batch.integers["first"])
      for t in valid.indices where valid[t] == 1 && present[t] == 0 {
        absent += 1
        for aspect in 0..<c.aspects {
          let said = text[(Int(first[t]) * c.aspects + aspect) * c.textWidth]
          #expect(said != Float(left + 1) && said != Float(lesion + 1))
        }
      }
    }
    #expect(absent > 10)
  }

  @Test("leave the right kidney on the image's left")
  func sides() throws {
    let files = try SyntheticCorpus()
    try files.addKidneys([("a", "train", ["right_kidney"])])
    var maker = try files.maker()
    // Nothing but mirrors could move it over.
    (maker.augmentation.rotation, maker.augmentation.zoom, maker.augmentation.shift) = (0, 0, 0)
    (maker.augmentation.cropChance, maker.augmentation.plainChance) = (0, 0)
    for batch in batches(maker, 20) {
      let target = try #require(batch.floats["target"])
      for (i, v) in target.enumerated() where v > 0 { #expect(i % 16 < 8) }
    }
  }

  @Test("mark a box around the mask, and points on it", arguments: [true, false])
  func prompts(isBox: Bool) throws {
    var maker = try SyntheticCorpus.whole().maker(isPlain: true)
    maker.mix.text = 0
    (maker.mix.textAndBox, maker.mix.textAndPoints) = (0, 0)
    (maker.mix.box, maker.mix.points) = isBox ? (1, 0) : (0, 1)
    let (points, half) = (maker.configuration.points, 16)
    var checked = 0
    for batch in batches(maker, 20) {
      let places = try #require(batch.floats["places"])
      let kinds = try #require(batch.floats["kinds"])
      let target = try #require(batch.floats["target"])
      let hasText = try #require(batch.floats["has_text"])
      let first = try #require(batch.integers["first"])
      for t in 0..<maker.shape.slots {
        let isAsked =
          batch.floats["valid"]?[t] == 1 && batch.floats["present"]?[t] == 1
          && batch.floats["pair"]?[t] == 0
        guard isAsked else { continue }
        let slot = Int(first[t])
        #expect(hasText[slot] == 0)
        #expect(batch.floats["ambiguous"]?[t] == (isBox ? 0 : 1))
        let mask = Array(target[t * 256..<(t + 1) * 256])
        let xs = mask.indices.filter { mask[$0] > 0 }.map { $0 % half }
        for p in 0..<points {
          let at = slot * points + p
          let kind = PointKind(rawValue: (0..<5).first { kinds[at * 5 + $0] == 1 } ?? 0)
          let (x, y) = (places[at * 2] * Float(half), places[at * 2 + 1] * Float(half))
          switch kind {
          case .boxTopLeft:
            checked += 1
            let reach = 0.1 * Float(xs.max()! + 1 - xs.min()!) + 0.76
            #expect(abs(x - Float(xs.min()!)) < reach)
          case .boxBottomRight: #expect(abs(x - Float(xs.max()! + 1)) < 2.5)
          case .positive:
            checked += 1
            #expect(mask[Int(y) * half + Int(x)] > 0)
          case .negative: #expect(mask[Int(y) * half + Int(x)] == 0)
          default: break
          }
          #expect(isBox == (p < 2 && kind != PointKind.none) || kind == PointKind.none || !isBox)
        }
      }
    }
    #expect(checked > 20)
  }

  /// A maker that asks in one way only.
  private func pseudoMaker(
    _ corpus: SyntheticCorpus, isBox: Bool, share: Float = 1, isPlain: Bool = false
  ) throws -> BatchMaker {
    var maker = try corpus.maker(isPlain: isPlain)
    (maker.mix.text, maker.mix.textAndBox, maker.mix.textAndPoints) = (0, 0, 0)
    (maker.mix.box, maker.mix.points) = isBox ? (1, 0) : (0, 1)
    maker.mix.pseudo = share
    return maker
  }

  @Test("ask by a place for regions that nobody labelled, which teach masks alone")
  func pseudoRegions() throws {
    let corpus = try SyntheticCorpus.whole()
    var found = 0
    for isBox in [true, false] {
      let maker = try pseudoMaker(corpus, isBox: isBox)
      let n = maker.shape.slots
      for batch in batches(maker, 12) {
        let pseudo = try #require(batch.floats["pseudo"])
        let members = try #require(batch.integers["members"])
        let first = try #require(batch.integers["first"])
        let target = try #require(batch.floats["target"])
        for t in 0..<n where pseudo[t] == 1 {
          found += 1
          let slot = Int(first[t])
          #expect(batch.floats["valid"]?[t] == 1 && batch.floats["present"]?[t] == 1)
          #expect(batch.floats["name_known"]?[t] == 0 && batch.floats["pair"]?[t] == 0)
          #expect(batch.floats["has_text"]?[slot] == 0)
          #expect(batch.floats["ambiguous"]?[t] == (isBox ? 0 : 1))
          #expect(!members.contains(Int64(t)))
          #expect(target[t * 256..<(t + 1) * 256].contains { $0 > 0.5 })
          // No pixel of it is a label's: what labels have in M_s' truth, it has not.
          let image = Int(try #require(batch.integers["owner"])[slot])
          let semantic = try #require(batch.floats["semantic_target"])
          for pixel in 0..<256 {
            let background = semantic[image * 4 * 256 + pixel]
            #expect(target[t * 256 + pixel] <= background)
          }
        }
        // Whatever has a name is a member still.
        let named = (0..<n).filter { batch.floats["valid"]?[$0] == 1 && pseudo[$0] == 0 }
        #expect(members.filter { $0 < n }.sorted() == named.map(Int64.init))
      }
    }
    #expect(found > 30)
  }

  @Test("leave everything as it was where no share asks for them")
  func noPseudoRegions() throws {
    let corpus = try SyntheticCorpus.whole()
    let plain = batches(try pseudoMaker(corpus, isBox: true, share: 0), 4)
    #expect(plain.allSatisfy { $0.floats["pseudo"]?.contains(1) == false })
    // Prompts with a text are never replaced.
    var texts = try corpus.maker()
    texts.mix.text = 1
    (texts.mix.box, texts.mix.points, texts.mix.textAndBox, texts.mix.textAndPoints) = (0, 0, 0, 0)
    let before = batches(texts, 4)
    texts.mix.pseudo = 1
    #expect(batches(texts, 4).map(\.floats) == before.map(\.floats))
  }

  @Test("do not ask for air")
  func air() throws {
    let corpus = try SyntheticCorpus()
    try corpus.addKidneys([("a", "train", nil)])
    var slice = try corpus.store().slices[0]
    // Black but for one block.
    for n in slice.pixels.indices {
      let (x, y) = (n % slice.width, n / slice.width)
      slice.pixels[n] = (6..<16).contains(x) && (6..<16).contains(y) ? 150 : 5
    }
    let none = [UInt8](repeating: 0, count: 1024)
    var view = PseudoView(
      slice: slice, warp: .plain(width: slice.width, height: slice.height, size: 32), bend: nil,
      size: 32)
    let made = view.regions(labels: none)
    let regions = try #require(made)
    try #require(regions.count == 1)
    #expect((64...121).contains(regions.sizes[0]))
    #expect(regions.labels[0] == 0 && regions.labels[10 * 32 + 10] == 1)
    // Made once: what is labelled later is no longer looked at.
    let again = view.regions(labels: [UInt8](repeating: 1, count: 1024))
    #expect(again == regions)
  }

  @Test("put the box around the region that it asks for, and absorb what lies in it")
  func pseudoBoxes() throws {
    let corpus = try SyntheticCorpus()
    // The labelled corner is elsewhere.
    try corpus.add(
      "blocks", modality: "MR", labels: ["1": "left_kidney"],
      cases: [("a", "train", nil, [(1, 34, 2, 38, 8)])])
    /// A picture of its own in place of the ramp: a frame with a block inside.
    func framed(_ plain: TrainingSlice) -> TrainingSlice {
      var slice = plain
      for n in slice.pixels.indices {
        let (x, y) = (n % slice.width, n / slice.width)
        slice.pixels[n] = (8..<16).contains(x) && (8..<16).contains(y) ? 230 : 20
        if !(2..<22).contains(x) || !(2..<22).contains(y) {
          slice.pixels[n] = 120
        }
      }
      return slice
    }
    func areas(_ absorbed: Float) throws -> [Int] {
      var maker = try pseudoMaker(corpus, isBox: true, isPlain: true)
      maker.mix.absorbed = absorbed
      maker.augmentation.bendChance = 0
      let size = maker.configuration.imageSize
      var random = SeededRandom(seed: 1)
      var found: [Int] = []
      let slice = framed(maker.store.slices[0])
      maker.store.slices = maker.store.slices.map { _ in slice }
      #expect(size == 32 && slice.width == 32)
      for _ in 0..<10 {
        let batch = maker.make(random: &random)
        let (pseudo, target) = (batch.floats["pseudo"] ?? [], batch.floats["target"] ?? [])
        let (places, first) = (batch.floats["places"] ?? [], batch.integers["first"] ?? [])
        for t in pseudo.indices where pseudo[t] == 1 {
          let mask = target[t * 256..<(t + 1) * 256].map { $0 }
          let area = Int(mask.reduce(0, +) * 4)
          found.append(area)
          let xs = mask.indices.filter { mask[$0] > 0 }.map { $0 % 16 }
          let at = Int(first[t]) * maker.configuration.points * 2
          let (low, high) = (Float(xs.min() ?? 0), Float((xs.max() ?? 0) + 1))
          let reach = 0.1 * (high - low) + 0.76
          #expect(abs(places[at] * 16 - low) < reach && abs(places[at + 2] * 16 - high) < reach)
        }
      }
      return found
    }
    let (alone, joined) = (try areas(1), try areas(0.9))
    // Less a pixel that smoothing takes on each side: the frame is 18² − 6² and more for the edge
    // between, the block 6².
    #expect(Set(alone).isSuperset(of: [36, 240]))
    #expect(joined.count == alone.count)
    // Absorbed, frame and block are one; the block's own box holds nothing else.
    #expect(zip(alone, joined).allSatisfy { $0 != 240 || $1 == 18 * 18 })
    #expect(zip(alone, joined).allSatisfy { $0 != 36 || $1 == 36 })
  }

  @Test("show a slice of a volume between its neighbours, or by itself")
  func neighbours() throws {
    var maker = try SyntheticCorpus.whole().maker(images: 1, slots: 3, isPlain: true)
    maker.configuration.sliceReach = 3
    // Where the middle slice is 100, the one below is 30 and the one above 200.
    maker.store.slices = maker.store.slices.map { plain in
      var slice = plain
      (slice.channels, slice.neighbours) = (1, 2)
      let area = slice.width * slice.height
      slice.pixels = [100, 30, 200].flatMap { [UInt8](repeating: $0, count: area) }
      return slice
    }
    func level(_ image: [Float], _ channel: Int) -> Float {
      ((image[channel * 1024] * 0.25 + 0.5) * 255).rounded()
    }
    func levels(alone: Float) throws -> Set<[Float]> {
      maker.augmentation.alone = alone
      return try Set(
        batches(maker, 5).map { batch in
          let image = try #require(batch.floats["image"])
          #expect(image.count == 5 * 1024)
          return (0..<5).map { level(image, $0) }
        })
    }
    #expect(try levels(alone: 0) == [[100, 100, 100, 30, 200]])
    #expect(try levels(alone: 1) == [[100, 100, 100, 100, 100]])
  }

  @Test("get a click where an answer is wrong, if they have a place and room for it")
  func corrections() throws {
    var maker = try SyntheticCorpus.whole().maker(isPlain: true)
    (maker.mix.text, maker.mix.textAndBox, maker.mix.textAndPoints) = (0, 1, 0)
    (maker.mix.box, maker.mix.points) = (0, 0)
    let c = maker.configuration
    let (area, count) = (256, PointKind.allCases.count)
    var (added, left) = (0, 0)
    for batch in batches(maker, 10) {
      let first = try #require(batch.integers["first"])
      let target = try #require(batch.floats["target"])
      // Nothing is answered, so that all of each object is missing.
      var corrected = batch
      corrected.correct(
        after: [Float](repeating: -1, count: first.count * area), configuration: c)
      let (before, after) = (
        try #require(batch.floats["kinds"]), try #require(corrected.floats["kinds"])
      )
      let places = try #require(corrected.floats["places"])
      for slot in 0..<first.count {
        let range = slot * c.points * count..<(slot + 1) * c.points * count
        guard before[range] != after[range] else {
          left += 1
          continue
        }
        added += 1
        // The first free place: behind the box.
        let at = slot * c.points + 2
        #expect(after[at * count + PointKind.positive.rawValue] == 1)
        #expect(after[at * count..<(at + 1) * count].reduce(0, +) == 1)
        let (x, y) = (Int(places[at * 2] * 16), Int(places[at * 2 + 1] * 16))
        let of = try #require(first.firstIndex(of: Int64(slot)))
        #expect(target[of * area + y * 16 + x] > 0.5)
      }
      // What is right already stays as it is.
      var right = batch
      var logits = [Float](repeating: -1, count: first.count * area)
      for t in first.indices where batch.floats["valid"]?[t] == 1 {
        for i in 0..<area where target[t * area + i] > 0.5 { logits[Int(first[t]) * area + i] = 1 }
      }
      right.correct(after: logits, configuration: c)
      #expect(right.floats["kinds"] == before)
      right.correct(after: [1], configuration: c)
      #expect(right.floats["kinds"] == before)
    }
    #expect(added > 10 && left > 0)
  }
}
