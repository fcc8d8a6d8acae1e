import Foundation

extension Safetensors {
  /// Writes tensors to a file one after the other, so that only one is in memory; for networks of
  /// gigabytes. Names in order; an existing file is replaced.
  ///
  /// - Parameters:
  ///   - shapes: by name.
  ///   - type: `.f32`, `.f16` or `.bf16`; rounding is to nearest even.
  ///   - values: of a tensor, in row-major order.
  /// - Throws: `SafetensorsError` as `write`, and what `values` throws. What was written by then is
  ///   left to the caller.
  public static func write(
    shapes: [String: [Int]], dtype type: DataType = .f32, metadata: [String: String] = [:],
    to path: String, values: (String) throws -> [Float]
  ) throws {
    let start = try header(shapes, dtype: type, metadata: metadata)
    guard FileManager.default.createFile(atPath: path, contents: start),
      let file = FileHandle(forWritingAtPath: path)
    else { throw SafetensorsError(.file, "\(path) cannot be written") }
    defer { try? file.close() }
    do {
      try file.seekToEnd()
      for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
        let numbers = try values(name)
        guard numbers.count == shape.reduce(1, *) else {
          throw unfilled(name, shape, numbers.count)
        }
        var bytes = Data(capacity: numbers.count * type.size)
        try append(numbers, of: name, as: type, to: &bytes)
        try file.write(contentsOf: bytes)
      }
      try file.synchronize()
    } catch let error as CocoaError {
      throw SafetensorsError(.file, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}
