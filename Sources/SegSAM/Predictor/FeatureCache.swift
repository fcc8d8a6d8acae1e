import OpenVINORuntime
import Synchronization

/// What the image encoder and the CO-tokens say of one slice.
struct SliceFeatures: Sendable {
  /// The inputs of the query graph that come from the image, by name.
  var tensors: [String: TensorValue]
  /// Logits of C_s, `[C]`.
  var classes: [Float]

  var bytes: Int { tensors.values.reduce(classes.count * 4) { $0 + $1.count * 4 } }
}

/// Image features by content, the least recently used going first when a bound in bytes is passed.
final class FeatureCache: Sendable {
  struct Key: Hashable {
    var image: String
    var slice: Int
  }
  private struct Entry {
    var features: SliceFeatures
    var used: UInt64
  }
  private struct State {
    var entries: [Key: Entry] = [:]
    var bytes = 0
    var clock: UInt64 = 0
    var hits = 0
    var misses = 0
  }
  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  func features(for key: Key) -> SliceFeatures? {
    state.withLock { s in
      s.clock += 1
      guard let entry = s.entries[key] else {
        s.misses += 1
        return nil
      }
      s.hits += 1
      s.entries[key]?.used = s.clock
      return entry.features
    }
  }

  /// Keeps features; those too large for the whole cache are not kept.
  func keep(_ features: SliceFeatures, for key: Key) {
    let bytes = features.bytes
    guard bytes <= limit else { return }
    state.withLock { s in
      if let old = s.entries.removeValue(forKey: key) { s.bytes -= old.features.bytes }
      while s.bytes + bytes > limit,
        let oldest = s.entries.min(by: { $0.value.used < $1.value.used })
      {
        s.bytes -= oldest.value.features.bytes
        s.entries.removeValue(forKey: oldest.key)
      }
      s.clock += 1
      s.entries[key] = Entry(features: features, used: s.clock)
      s.bytes += bytes
    }
  }

  /// Bytes held, and how often features were found and not found.
  var statistics: (bytes: Int, hits: Int, misses: Int) {
    state.withLock { ($0.bytes, $0.hits, $0.misses) }
  }
}
