import Imaging
import Vocabulary

/// What another model is asked, so that a network that knows boxes alone can answer texts.
struct Detection {
  /// The request's queries, and behind them each part of a composite that has no place.
  let queries: [Query]
  /// Of each of the request's queries: the answers whose objects are boxed one by one.
  let pieces: [[Int]]
  /// As many clicks as all of our models take.
  private static let clicks = 6

  init(_ asked: [Query], vocabulary: Vocabulary) {
    var queries = asked
    for n in queries.indices { queries[n].clicks = Array(queries[n].clicks.prefix(Self.clicks)) }
    var pieces = asked.indices.map { [$0] }
    for (n, query) in asked.enumerated() where !query.hasPlace {
      guard case .category(let id) = query.subject, vocabulary.isComposite(id) else { continue }
      let parts = vocabulary.parts(of: id)
      pieces[n] = Array(queries.count..<queries.count + parts.count)
      queries += parts.map { Query(.category($0)) }
    }
    self.queries = queries
    self.pieces = pieces
  }

  /// How far around an object its box is drawn: a pixel and a fiftieth of its side. Segment Anything and
  /// MedSAM are trained with boxes that are off by more.
  private static let margin = (pixels: 1.0, share: 0.02)

  /// The box of a mask's largest piece on a slice of the view, in pixels; nil where it is empty.
  static func box(
    of mask: BinaryMask, slice: Int
  ) -> (x0: Double, y0: Double, x1: Double, y1: Double)? {
    guard let here = mask.slice(slice), let box = here.largestComponent().boundingBox else {
      return nil
    }
    func side(_ a: Int, _ extent: Int) -> (lower: Double, upper: Double) {
      let (from, to) = (Double(box.lower[a]), Double(box.upper[a]))
      let more = margin.pixels + margin.share * (to - from)
      return (max(from - more, 0), min(to + more, Double(extent)))
    }
    let (x, y) = (side(0, mask.width), side(1, mask.height))
    return (x.lower, y.lower, x.upper, y.upper)
  }
}
