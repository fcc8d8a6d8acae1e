import Imaging
import SegSAM
import Vocabulary

/// One request on a volume. Everything is computed in the radiological view.
struct VolumeWork: Sendable {
  let view: AxialView
  let viewed: MedicalImage
  let key: String
  let queries: [Query]
  let options: SegmentOptions
  let vocabulary: Vocabulary
  /// What is asked of the engine: composites by their trained parts, each once, in the view's grid.
  let atoms: [Query]
  /// Of each query: its atoms.
  let members: [[Int]]
  /// What the labels of M_s stand for.
  let labels: [String]
  var progress: (@Sendable (Int, Int) -> Void)?
  /// Slices that were looked at, and that will be as far as is known.
  var done = 0, total = 0

  init(
    _ image: MedicalImage, key: String, queries: [Query], options: SegmentOptions,
    vocabulary: Vocabulary, trained: Set<String>
  ) throws {
    self.key = key
    self.queries = queries
    self.options = options
    self.vocabulary = vocabulary
    view = AxialView(image)
    viewed = try view.view(image)
    var (asked, members): ([Query], [[Int]]) = ([], [])
    for query in queries {
      var mine: [Int] = []
      for part in Self.parts(query, vocabulary, trained) {
        let atom = try Self.turn(part, view)
        let known = asked.firstIndex(of: atom)
        if known == nil { asked.append(atom) }
        mine.append(known ?? asked.count - 1)
      }
      members.append(mine)
    }
    atoms = asked
    self.members = members
    labels = vocabulary.labels(of: queries)
  }

  private static func parts(
    _ query: Query, _ vocabulary: Vocabulary, _ trained: Set<String>
  ) -> [Query] {
    guard case .category(let id) = query.subject, vocabulary.isComposite(id), !query.hasPlace else {
      return [query]
    }
    return vocabulary.parts(of: id).filter(trained.contains).map { part in
      var one = query
      one.subject = .category(part)
      return one
    }
  }

  /// A query's places in the view's grid.
  private static func turn(_ query: Query, _ view: AxialView) throws -> Query {
    var query = query
    // A place of another rank is left for the engine to refuse.
    if let box = query.box, box.bounds.count == 6 {
      let turned = view.toView(lower: Array(box.bounds[..<3]), upper: Array(box.bounds[3...]))
      query.box = Box(turned.lower + turned.upper)
    }
    query.clicks = query.clicks.map { click in
      click.at.count == 3
        ? Click(at: view.toView(point: click.at), isPositive: click.isPositive) : click
    }
    if let mask = query.mask { query.mask?.mask = try view.view(mask.mask) }
    return query
  }

  mutating func run(_ engine: any SegmentationEngine) async throws -> SegmentationResult {
    var found = try await look(engine)
    if options.volume.propagation != .off { try await propagate(engine, &found) }
    // What is turned back goes at once: of many organs, masks are the larger part of memory.
    let (work, drawn) = (self, Once(found))
    found = VolumeFindings(atoms: [])
    return try await Background.run { try work.finish(drawn.take()) }
  }

  /// Asks the engine, and tells how far all is.
  mutating func ask(
    _ engine: any SegmentationEngine, _ image: MedicalImage, key: String, _ queries: [Query],
    _ options: SegmentOptions, slices: Int
  ) async throws -> SegmentationResult {
    let (before, all, report) = (done, max(total, done + slices), progress)
    total = all
    var told: (@Sendable (Int, Int) -> Void)?
    if let report {
      told = { k, count in report(before + min(slices, k * slices / max(count, 1)), all) }
    }
    let result = try await engine.segment(
      image, imageKey: key, queries: queries, options: options, progress: told)
    done += slices
    return result
  }

  /// The concrete category of an atom.
  func category(_ atom: Int) -> Category? {
    guard case .category(let id) = atoms[atom].subject, let category = vocabulary[id],
      !category.isComposite
    else { return nil }
    return category
  }
}

/// What is found of a volume so far, in the radiological view.
struct VolumeFindings: Sendable {
  /// Of each atom.
  var atoms: [QueryResult]
  /// M_s; values are numbers of `labels` from 1.
  var semantic: LabelMap?
  var probabilities: [String: Double] = [:]
  var timing: [String: Double] = [:]

  mutating func add(timing other: [String: Double]) {
    timing.merge(other) { $0 + $1 }
  }
}
