extension Vocabulary {
  /// The concrete categories that a category consists of: itself if it is concrete, else its parts,
  /// recursively, each once, in the order of the entries' `parts`. None for an unknown id.
  public func parts(of id: String) -> [String] {
    leaves[id] ?? []
  }

  /// Whether the id names a union of other categories.
  public func isComposite(_ id: String) -> Bool {
    self[id]?.isComposite ?? false
  }

  /// The category inside which this one is drawn, and which it beats where both are.
  public func inside(_ id: String) -> String? {
    self[id]?.inside
  }

  /// Whether `inner` is drawn inside `outer`, directly or through others, or inside one of the
  /// parts of a composite `outer`.
  public func isInside(_ inner: String, _ outer: String) -> Bool {
    let targets = Set(parts(of: outer)).union([outer])
    var seen: Set<String> = []
    var next = inside(inner)
    while let current = next, seen.insert(current).inserted {
      if targets.contains(current) || !targets.isDisjoint(with: parts(of: current)) { return true }
      next = inside(current)
    }
    return false
  }

  /// The broader categories, nearest first.
  public func ancestors(of id: String) -> [String] {
    var found: [String] = []
    var next = self[id]?.parent
    while let current = next, !found.contains(current) {
      found.append(current)
      next = self[current]?.parent
    }
    return found
  }

  /// The same thing on the patient's other side: `left_kidney` of `right_kidney`.
  public func otherSide(of category: Category) -> Category? {
    let (own, other) =
      switch category.laterality {
      case .left: ("left", Category.Laterality.right)
      case .right: ("right", .left)
      default: ("", .unpaired)
      }
    guard !own.isEmpty else { return nil }
    let words = category.id.split(separator: "_").map { $0 == own ? other.rawValue : String($0) }
    return self[words.joined(separator: "_")].flatMap { $0.laterality == other ? $0 : nil }
  }

  /// The concrete categories: those that are no union of others.
  public var concrete: [Category] {
    categories.filter { !$0.isComposite }
  }

  /// Concrete parts by id. Ends on cyclic data too: an id is entered once.
  static func leaves(of categories: [Category]) -> [String: [String]] {
    let parts = Dictionary(
      categories.map { ($0.id, $0.parts) }, uniquingKeysWith: { first, _ in first })
    return parts.keys.reduce(into: [:]) { leaves, id in
      var seen: Set<String> = []
      var pending = [id]
      var found: [String] = []
      while let current = pending.popLast() {
        guard let children = parts[current], seen.insert(current).inserted else { continue }
        if children.isEmpty { found.append(current) }
        pending.append(contentsOf: children.reversed())
      }
      leaves[id] = found
    }
  }
}
