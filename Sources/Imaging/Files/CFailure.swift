/// Calls a C function that returns 0 or a code, with a message; gives back both.
///
/// - Returns: nil where it returned 0.
func failure(
  _ call: (_ error: UnsafeMutablePointer<CChar>, _ size: Int) -> Int32
) -> (status: Int32, message: String)? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    buffer.initialize(repeating: 0)
    guard let base = buffer.baseAddress else { return (-1, "out of memory") }
    let status = call(base, buffer.count)
    return status == 0 ? nil : (status, String(cString: base))
  }
}
