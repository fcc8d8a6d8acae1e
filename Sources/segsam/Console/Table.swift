/// Columns that line up, with a header; for people.
struct Table {
  enum Alignment {
    case left, right
  }

  struct Column {
    var title: String
    var alignment: Alignment
    init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  let columns: [Column]
  private var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// Missing cells are empty, surplus ones are dropped.
  mutating func add(_ cells: [String]) {
    let padded = cells + Array(repeating: "", count: max(0, columns.count - cells.count))
    rows.append(Array(padded.prefix(columns.count)))
  }

  var lines: [String] {
    let all = [columns.map(\.title)] + rows
    let widths = columns.indices.map { n in all.map { Self.width(of: $0[n]) }.max() ?? 0 }
    var lines = all.map { row in
      var line = ""
      for (n, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[n] - Self.width(of: cell))
        line += (n > 0 ? "  " : "")
        line += columns[n].alignment == .left ? cell + padding : padding + cell
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    lines.insert(
      widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "), at: 1)
    return lines
  }

  func print() {
    for line in lines { Console.print(line) }
  }

  /// Cells of a terminal: East Asian letters take two.
  static func width(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + (isWide($1) ? 2 : 1) }
  }

  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x20000...0x3fffd:
      true
    default: false
    }
  }
}
