import Imaging

/// A decoded image and the key under which the engine caches its features.
struct KeyedImage: Sendable {
  var image: MedicalImage
  var key: String
  /// It came as a file: replies tell its shape and affine.
  var isFile = false
  /// Bytes of the samples in memory.
  var cost: Int { image.voxelCount * image.channels * MemoryLayout<Float>.size }
}

/// Images that clients have put, each on a lease that any message of its owner renews.
///
/// Bounded in bytes and number: the image that was used least recently goes first.
struct ImageStore {
  private struct Entry {
    var image: KeyedImage
    var lastUse: ContinuousClock.Instant
  }
  private struct Key: Hashable {
    var owner: Owner
    var id: String
  }

  private var entries: [Key: Entry] = [:]
  private var leases: [Owner: ContinuousClock.Instant] = [:]
  private(set) var bytes = 0
  let capacity: Int, count: Int
  let lease: Duration

  init(capacity: Int, count: Int, lease: Duration) {
    self.capacity = capacity
    self.count = count
    self.lease = lease
  }

  mutating func put(
    _ image: KeyedImage, id: String, owner: Owner, now: ContinuousClock.Instant
  ) {
    _ = drop(id, owner: owner)
    guard image.cost <= capacity else { return }
    while bytes + image.cost > capacity || entries.count >= count {
      guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
      _ = drop(oldest.key.id, owner: oldest.key.owner)
    }
    entries[Key(owner: owner, id: id)] = Entry(image: image, lastUse: now)
    bytes += image.cost
    leases[owner] = now + lease
  }

  /// The image, visible to its owner only.
  mutating func take(_ id: String, owner: Owner, now: ContinuousClock.Instant) -> KeyedImage? {
    entries[Key(owner: owner, id: id)]?.lastUse = now
    return entries[Key(owner: owner, id: id)]?.image
  }

  mutating func drop(_ id: String, owner: Owner) -> Bool {
    guard let entry = entries.removeValue(forKey: Key(owner: owner, id: id)) else { return false }
    bytes -= entry.image.cost
    if !entries.keys.contains(where: { $0.owner == owner }) { leases[owner] = nil }
    return true
  }

  var number: Int { entries.count }

  func ids(of owner: Owner) -> [String] {
    entries.keys.filter { $0.owner == owner }.map(\.id).sorted()
  }

  /// Any message of the owner renews the lease of all its images.
  mutating func renew(_ owner: Owner, now: ContinuousClock.Instant) {
    if let end = leases[owner], end > now { leases[owner] = now + lease }
  }

  mutating func removeExpired(now: ContinuousClock.Instant) {
    let gone = leases.filter { $0.value <= now }.map(\.key)
    for owner in gone {
      for id in ids(of: owner) { _ = drop(id, owner: owner) }
      leases[owner] = nil
    }
  }
}
