import Glibc
import Synchronization

/// Tells how far long work is, on standard error: a bar on a terminal, elsewhere a line at each
/// tenth. May be called from any thread.
final class Progress: Sendable {
  private struct State: Sendable {
    var last = -1
    var hasBar = false
  }

  private let state = Mutex(State())
  private let label: String, unit: String
  private let isTerminal: Bool
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - label: what is being done: "segmenting".
  ///   - unit: what is counted: "slices".
  init(
    _ label: String, unit: String, isTerminal: Bool = Console.errorIsTerminal,
    write: @escaping @Sendable (String) -> Void = { Console.write($0, to: STDERR_FILENO) }
  ) {
    self.label = label
    self.unit = unit
    self.isTerminal = isTerminal
    self.write = write
  }

  func advance(_ done: Int, of total: Int) {
    // One thing is done at once or not at all: nothing to tell.
    guard total > 1, done >= 0, done <= total else { return }
    state.withLock { state in
      let step = isTerminal ? done * 100 / total : done * 10 / total
      guard step != state.last else { return }
      state.last = step
      if isTerminal {
        state.hasBar = true
        write("\r" + Self.bar(label, done, of: total, unit: unit) + "\u{1b}[K")
      } else if step > 0 {
        write("\(label): \(done) of \(total) \(unit)\n")
      }
    }
  }

  /// Takes the bar away.
  func end() {
    state.withLock { state in
      if state.hasBar { write("\r\u{1b}[K") }
      state = State()
    }
  }

  static func bar(
    _ label: String, _ done: Int, of total: Int, unit: String, width: Int = 30
  ) -> String {
    let filled = total > 0 ? done * width / total : width
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return "\(label) \(bar) \(done)/\(total) \(unit)"
  }
}
