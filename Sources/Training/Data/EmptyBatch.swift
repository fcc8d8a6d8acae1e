import SegSAM

/// The arrays of a batch while they are filled; what nobody fills counts for nothing.
struct EmptyBatch {
  var image, places, kinds, text, hasText, pair, target, valid, present, semanticTarget: [Float]
  var classTarget, classKnown, nameTarget, nameKnown, ambiguous, pseudo: [Float]
  var drawnTarget, drawnKnown, drawnPresent: [Float]
  var owner, first, second, members, drawn: [Int64]

  init(configuration c: NetworkConfiguration, shape: BatchShape, categories: Int) {
    let (b, n, q) = (shape.images, shape.slots, shape.perImage)
    let area = c.imageSize * c.imageSize / 4
    func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }
    image = []
    places = zeros(n * c.points * 2)
    kinds = zeros(n * c.points * PointKind.allCases.count)
    text = zeros(n * c.aspects * c.textWidth)
    hasText = zeros(n)
    pair = zeros(n)
    target = zeros(n * area)
    valid = zeros(n)
    present = zeros(n)
    semanticTarget = zeros(b * (q + 1) * area)
    classTarget = zeros(b * (categories + shape.pairs.count))
    classKnown = classTarget
    nameTarget = zeros(n * categories)
    nameKnown = zeros(n)
    ambiguous = zeros(n)
    pseudo = zeros(n)
    drawnTarget = zeros(b * shape.drawn * area)
    drawnKnown = zeros(b * shape.drawn)
    drawnPresent = drawnKnown
    drawn = [Int64](repeating: 0, count: b * shape.drawn)
    owner = [Int64](repeating: 0, count: n)
    first = owner
    second = owner
    members = [Int64](repeating: Int64(n), count: b * q)
  }

  func batch() -> Batch {
    Batch(
      floats: [
        "image": image, "places": places, "kinds": kinds, "text": text, "has_text": hasText,
        "pair": pair, "target": target, "valid": valid, "present": present,
        "semantic_target": semanticTarget, "class_target": classTarget,
        "class_known": classKnown, "name_target": nameTarget, "name_known": nameKnown,
        "ambiguous": ambiguous, "pseudo": pseudo, "drawn_target": drawnTarget,
        "drawn_known": drawnKnown, "drawn_present": drawnPresent,
      ],
      integers: [
        "owner": owner, "first": first, "second": second, "members": members,
        "drawn_category": drawn,
      ])
  }
}
