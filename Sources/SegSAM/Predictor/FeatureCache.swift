import Foundation
import OpenVINORuntime

/// What the image encoder and the CO-tokens say of one slice.
struct SliceFeatures: Sendable {
  /// The inputs of the query graph that come from the image, by name.
  var tensors: [String: TensorValue]
  /// Logits of C_s, `[C]`.
  var classes: [Float]

  var bytes: Int { tensors.values.reduce(classes.count * 4) { $0 + $1.count * 4 } }
}

/// Image features by content, the least recently used going first when a bound in bytes is passed.
///
/// Who asks for features that another is making waits for them.
// What is mutable lies under `condition`.
final class FeatureCache: @unchecked Sendable {
  struct Key: Hashable {
    var image: String
    var slice: Int
    /// After it has looked at the slices around it.
    var hasLooked = false
  }
  private struct Entry {
    var features: SliceFeatures
    var used: UInt64
  }
  private let limit: Int
  private let condition = NSCondition()
  private var entries: [Key: Entry] = [:]
  private var making: Set<Key> = []
  private var bytes = 0
  private var clock: UInt64 = 0
  private var hits = 0
  private var misses = 0

  init(limit: Int) { self.limit = limit }

  /// What is held, or what `make` makes; blocks while another makes the same.
  func features(for key: Key, make: () throws -> SliceFeatures) rethrows -> SliceFeatures {
    condition.lock()
    defer { condition.unlock() }
    while true {
      clock += 1
      if let entry = entries[key] {
        hits += 1
        entries[key]?.used = clock
        return entry.features
      }
      if !making.contains(key) { break }
      condition.wait()
    }
    misses += 1
    making.insert(key)
    defer {
      making.remove(key)
      condition.broadcast()
    }
    condition.unlock()
    let made: SliceFeatures
    do {
      made = try make()
    } catch {
      condition.lock()
      throw error
    }
    condition.lock()
    keep(made, for: key)
    return made
  }

  /// Keeps features; those too large for the whole cache are not kept.
  private func keep(_ features: SliceFeatures, for key: Key) {
    let cost = features.bytes
    guard cost <= limit else { return }
    while bytes + cost > limit, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
      bytes -= oldest.value.features.bytes
      entries.removeValue(forKey: oldest.key)
    }
    clock += 1
    entries[key] = Entry(features: features, used: clock)
    bytes += cost
  }

  var use: FeatureCacheUse {
    condition.lock()
    defer { condition.unlock() }
    return FeatureCacheUse(bytes: bytes, hits: hits, misses: misses)
  }
}
