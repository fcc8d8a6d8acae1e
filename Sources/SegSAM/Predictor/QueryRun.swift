import Imaging
import Vocabulary

/// What the decoders are asked, with its place in the radiological view.
struct QueryRun: Hashable, Sendable {
  /// A concrete category, trained, or with a place.
  var category: String?
  var freeText: String?
  /// Instead of their own texts; a sentence an aspect, or empty.
  var sentences: [String] = []
  /// In voxels of the view, upper bounds exclusive: `[x0, y0, z0]`, `[x1, y1, z1]`.
  var lower: [Double]?, upper: [Double]?
  /// Whether the box is drawn around this alone, and not around several parts of a composite.
  var fitsBox = true
  var clicks: [Spot]
  var prior: MaskPrior?
  var modality: String?

  /// Of one query. Those of a slice that the network has no place for are told as ``ClickPrior``.
  static let mostClicks = 64

  struct Spot: Hashable, Sendable {
    /// `[x, y, z]` in the view.
    var at: [Double]
    var isPositive: Bool
  }

  var hasPlace: Bool { lower != nil || !clicks.isEmpty || prior != nil }
  /// Whether somebody says that something is there: in slices that a box spans, that have a click, or
  /// in which a mask is set.
  func hasPlace(on slice: Int) -> Bool {
    if lower != nil { return true }
    return clicks.contains { Int($0.at[2].rounded()) == slice } || prior?.box(on: slice) != nil
  }
  var hasText: Bool { category != nil || freeText != nil }
  /// One click without a name may mean a part or the whole.
  var isAmbiguous: Bool { !hasText && lower == nil && prior == nil && clicks.count == 1 }

  /// The runs that answer a query: none for a category that was not trained and has no place.
  ///
  /// - Throws: `PredictorError` `.invalidQuery` for an unknown category, or a box or click that is
  ///   of the wrong rank or outside the image.
  static func runs(
    for query: Query, predictor: Predictor, image: MedicalImage, view: AxialView
  ) throws(PredictorError) -> [QueryRun] {
    var run = try placed(query, room: predictor.manifest.clickRoom, image: image, view: view)
    run.sentences = query.sentences
    let aspects = Aspect.allCases.count
    guard run.sentences.isEmpty || (run.sentences.count == aspects && query.subject != .unnamed)
    else {
      throw PredictorError(
        .invalidQuery, "a description has \(aspects) sentences, and a name or text that it is of")
    }
    try check(query, vocabulary: predictor.vocabulary)
    switch query.subject {
    case .freeText(let text):
      run.freeText = text
      return [run]
    case .unnamed: return [run]
    case .category(let id):
      let parts = predictor.vocabulary.parts(of: id)
      run.fitsBox = parts.count == 1
      return parts.compactMap { part in
        guard predictor.trainedCategories.contains(part) || run.hasPlace else { return nil }
        var mine = run
        mine.category = part
        return mine
      }
    }
  }

  /// - Throws: `PredictorError` `.invalidQuery` for an unknown category, or where nothing is asked.
  static func check(_ query: Query, vocabulary: Vocabulary) throws(PredictorError) {
    switch query.subject {
    case .freeText: break
    case .unnamed:
      guard query.hasPlace else {
        throw PredictorError(.invalidQuery, "a query needs a name, a box or a click")
      }
    case .category(let id):
      guard vocabulary[id] != nil else {
        throw PredictorError(.invalidQuery, "no category has the id \"\(id)\"")
      }
    }
  }

  /// A query's box and clicks alone, in the view.
  ///
  /// - Parameter room: as many clicks as the model takes.
  static func placed(
    _ query: Query, room: Int, image: MedicalImage, view: AxialView
  ) throws(PredictorError) -> QueryRun {
    var run = QueryRun(clicks: [], modality: image.modality?.rawValue)
    if let box = query.box {
      let (lower, upper) = try bounds(box, image)
      let inView = view.toView(lower: lower, upper: upper)
      (run.lower, run.upper) = (inView.lower, inView.upper)
    }
    if let mask = query.mask { run.prior = try MaskPrior(mask, image: image, view: view) }
    guard query.clicks.count <= room else {
      throw PredictorError(
        .invalidQuery, "\(query.clicks.count) clicks for one query; this model takes \(room)")
    }
    for click in query.clicks {
      let point = try point(click, image)
      run.clicks.append(Spot(at: view.toView(point: point), isPositive: click.isPositive))
    }
    return run
  }

  private static func bounds(
    _ box: Box, _ image: MedicalImage
  ) throws(PredictorError) -> (lower: [Double], upper: [Double]) {
    let b = box.bounds
    let axes = image.isVolume ? 3 : 2
    guard b.count == 2 * axes, b.allSatisfy(\.isFinite) else {
      throw PredictorError(.invalidQuery, "a box needs \(2 * axes) numbers here, not \(b.count)")
    }
    let extents = [image.width, image.height, image.depth].map(Double.init)
    var (lower, upper) = (Array(b[..<axes]), Array(b[axes...]))
    if axes == 2 {
      lower.append(0)
      upper.append(1)
    }
    for a in 0..<3 where !(lower[a] < upper[a] && upper[a] > 0 && lower[a] < extents[a]) {
      throw PredictorError(.invalidQuery, "the box \(b) is empty or outside the image")
    }
    return (lower, upper)
  }

  private static func point(
    _ click: Click, _ image: MedicalImage
  ) throws(PredictorError) -> [Double] {
    let axes = image.isVolume ? 3 : 2
    guard click.at.count == axes, click.at.allSatisfy(\.isFinite) else {
      throw PredictorError(
        .invalidQuery, "a click needs \(axes) numbers here, not \(click.at.count)")
    }
    let point = axes == 2 ? click.at + [0] : click.at
    let extents = [image.width, image.height, image.depth].map(Double.init)
    for a in 0..<3 where !(point[a] > -0.5 - 1e-9 && point[a] < extents[a] - 0.5 + 1e-9) {
      throw PredictorError(.invalidQuery, "the click at \(click.at) is outside the image")
    }
    return point
  }

  /// Whether no box leaves the slice out.
  func mayReach(_ slice: Int) -> Bool {
    guard let lower, let upper else { return true }
    let z = Double(slice)
    return z + 0.5 > lower[2] && z + 0.5 <= upper[2].rounded(.up)
  }

  func clicks(on slice: Int) -> [Spot] {
    clicks.filter { Int($0.at[2].rounded()) == slice }
  }

  /// The decoders' inputs on a slice; nil where nothing is asked of that slice.
  ///
  /// A box holds for the slices that it spans and a click for its own. A query with a name and a
  /// place asks the slices without a part of the place by name alone if it was trained, unless a box
  /// or a mask says where the object ends.
  func prompt(
    on slice: Int, geometry: SliceGeometry, predictor: Predictor
  ) throws -> PromptTensors? {
    guard mayReach(slice) else { return nil }
    var box: (x0: Double, y0: Double, x1: Double, y1: Double)?
    if let lower, let upper {
      box = geometry.box(x0: lower[0], y0: lower[1], x1: upper[0], y1: upper[1])
    }
    let here = clicks(on: slice).map { spot in
      let p = geometry.point(x: spot.at[0], y: spot.at[1])
      return (x: p.x, y: p.y, isPositive: spot.isPositive)
    }
    if let prior {
      let own = prior.box(on: slice)
      guard own != nil || !here.isEmpty || prior.asksElsewhere else { return nil }
      if prior.givesBox, box == nil, let own {
        box = geometry.box(x0: own.x0, y0: own.y0, x1: own.x1, y1: own.y1)
      }
    }
    let isTrained = category.map { predictor.trainedCategories.contains($0) } ?? (freeText != nil)
    if box == nil, here.isEmpty, prior?.box(on: slice) == nil, !isTrained { return nil }
    var text: [Float]?
    if !sentences.isEmpty {
      text = try predictor.texts.vectors(sentences: sentences)
    } else if let category {
      text = try predictor.texts.vectors(category, modality: modality)
    } else if let freeText {
      text = try predictor.texts.vectors(freeText: freeText)
    }
    return PromptTensors(
      configuration: predictor.manifest.network, text: text, box: box,
      clicks: Self.told(here, room: predictor.manifest.network.points - 2).places)
  }

  /// The clicks on a slice that the network is told: the first, which says what is meant, and the
  /// latest; and those that it has no place for.
  static func told<T>(_ clicks: [T], room: Int) -> (places: [T], rest: [T]) {
    guard clicks.count > room, room > 1 else { return (clicks, []) }
    let latest = clicks.suffix(room - 1)
    return ([clicks[0]] + latest, Array(clicks[1..<clicks.count - latest.count]))
  }

  /// What masks and clicks add to the logits of a slice, `[height, width]`: clicks that the network has
  /// no place for, and beside a mask all, strongly, for they correct it.
  func prior(on slice: Int, room: Int, width: Int, height: Int) -> [Float]? {
    let here = clicks.filter { Int($0.at[2].rounded()) == slice }
    let logits = prior?.logits(on: slice)
    let told = prior == nil ? Self.told(here, room: room).rest : here
    guard !told.isEmpty else { return logits }
    var sum = logits ?? [Float](repeating: 0, count: width * height)
    for spot in told {
      ClickPrior(
        x: spot.at[0], y: spot.at[1], isPositive: spot.isPositive, isCorrection: prior != nil
      ).add(to: &sum, width: width, height: height)
    }
    return sum
  }
}
