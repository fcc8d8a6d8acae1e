import Synchronization

/// A value on its way to another thread, which alone has it then: a closure would keep it to its end.
final class Once<Value: Sendable>: Sendable {
  private let value: Mutex<Value?>

  init(_ value: Value) { self.value = Mutex(value) }

  /// - Precondition: it was not taken before.
  func take() -> Value {
    value.withLock { value in
      guard let taken = value.take() else { preconditionFailure("taken before") }
      return taken
    }
  }
}
