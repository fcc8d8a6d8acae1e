import Reporting

/// A table of a page; cells are text, escaped here.
struct HTMLTable {
  /// Titles; those in `numbers` stand on the right.
  var titles: [String]
  /// The first column of numbers.
  var firstNumber: Int
  var rows: [[String]] = []
  /// A last row that sums up.
  var sum: [String]?

  var html: String {
    let head = cells(titles, "th")
    let body = rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined(separator: "\n")
    let foot = sum.map { "<tfoot><tr>\(cells($0, "th"))</tr></tfoot>" } ?? ""
    return """
      <div class="wide"><table>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(body)
      </tbody>\(foot)</table></div>
      """
  }

  private func cells(_ texts: [String], _ tag: String) -> String {
    texts.enumerated().map { n, text in
      let style = n >= firstNumber ? " class=\"number\"" : ""
      return "<\(tag)\(style)>\(escaped(text))</\(tag)>"
    }.joined()
  }
}
