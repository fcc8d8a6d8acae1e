import Glibc
import JSONC

/// Standard output, for results; standard error, for everything else. Nothing is held back in a
/// buffer: who reads a pipe sees a line when it is written.
enum Console {
  static func print(_ line: String = "") { write(line + "\n", to: STDOUT_FILENO) }
  static func error(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// One line of JSON on standard output.
  static func print(json value: JSONValue) throws {
    write(String(decoding: try value.encoded(), as: UTF8.self) + "\n", to: STDOUT_FILENO)
  }

  static func print<T: Encodable>(json value: T) throws {
    try print(json: try JSONCEncoder().value(of: value))
  }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  static func write(_ text: String, to file: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let n = Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
        if n < 0 && errno == EINTR { continue }
        // The reader has gone; what it does not read is not written.
        if n <= 0 { return }
        done += n
      }
    }
  }
}
