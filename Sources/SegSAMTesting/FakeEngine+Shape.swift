import Imaging
import SegSAM

extension FakeEngine {
  /// An axis-parallel ellipsoid, or a box.
  struct Shape {
    var center: [Double], radius: [Double]
    var isBox = false

    /// The place of a name: always the same part of the image.
    init(_ name: String, in image: MedicalImage) {
      // FNV-1a, as Swift's own hashes differ from run to run.
      let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      }
      let extents = [image.width, image.height, image.depth]
      center = extents.enumerated().map { axis, extent in
        let part = Double((hash >> UInt64(8 * axis)) & 0xff) / 255
        return Double(extent - 1) * (axis == 2 ? 0.5 : 0.25 + 0.5 * part)
      }
      radius = extents.enumerated().map { axis, extent in
        let part = Double((hash >> UInt64(24 + 8 * axis)) & 0xff) / 255
        return max(1, Double(extent) * (0.1 + 0.1 * part))
      }
    }

    init(_ box: Box) {
      let b = box.bounds
      let axes = b.count / 2
      center = (0..<3).map { $0 < axes ? (b[$0] + b[axes + $0] - 1) / 2 : 0 }
      radius = (0..<3).map { $0 < axes ? (b[axes + $0] - b[$0]) / 2 : .infinity }
      isBox = true
    }

    func fill(_ mask: inout BinaryMask) {
      for k in 0..<mask.depth {
        for y in 0..<mask.height {
          for x in 0..<mask.width where holds([Double(x), Double(y), Double(k)]) {
            mask.voxels[(k * mask.height + y) * mask.width + x] = 1
          }
        }
      }
    }

    private func holds(_ point: [Double]) -> Bool {
      let distance = (0..<3).map { abs(point[$0] - center[$0]) / radius[$0] }
      if isBox { return distance.allSatisfy { $0 < 1 } }
      return distance.reduce(0) { $0 + $1 * $1 } <= 1
    }
  }

  /// Holds an engine's work until it is let through, so that tests need no clock.
  public actor Gate {
    private var isOpen = false
    private var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var watchers: [CheckedContinuation<Void, Never>] = []
    private var next = 0

    public init() {}

    /// Lets everything through, from now on.
    public func open() {
      isOpen = true
      for continuation in waiting.values { continuation.resume() }
      waiting = [:]
    }

    /// Returns once something waits at the gate.
    public func reached() async {
      if waiting.isEmpty && !isOpen { await withCheckedContinuation { watchers.append($0) } }
    }

    func pass() async throws {
      if isOpen { return }
      next += 1
      let ticket = next
      try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          if isOpen { return continuation.resume() }
          if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
          waiting[ticket] = continuation
          for watcher in watchers { watcher.resume() }
          watchers = []
        }
      } onCancel: {
        Task { await self.giveUp(ticket) }
      }
    }

    private func giveUp(_ ticket: Int) {
      waiting.removeValue(forKey: ticket)?.resume(throwing: CancellationError())
    }
  }
}
