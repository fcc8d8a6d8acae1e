/// Text that stands in a page as it is, whatever it holds.
package func escaped(_ text: String) -> String {
  var result = ""
  for letter in text.unicodeScalars {
    switch letter {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    default:
      // Control characters have no place in HTML.
      let allowed = letter.value >= 32 && letter.value != 127 || letter == "\n" || letter == "\t"
      result.unicodeScalars.append(allowed ? letter : " ")
    }
  }
  return result
}

/// A whole page that asks nothing of any network, and runs nothing.
///
/// - Parameters:
///   - style: rules of its own, after the common ones.
///   - body: HTML, with what comes from outside escaped.
package func page(title: String, style: String = "", body: String) -> String {
  """
  <!DOCTYPE html>
  <html lang="en">
  <head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" \
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
  <title>\(escaped(title))</title>
  <style>
  \(stylesheet)\(style.isEmpty ? "" : "\n" + style)
  </style>
  </head>
  <body>
  <h1>\(escaped(title))</h1>
  \(body)
  </body>
  </html>

  """
}

/// The style of a report: in itself, light or dark as the reader's system is, and for paper.
let stylesheet = """
  :root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6570; --line: #dde2e8;
    --page: #ffffff; --panel: #f5f7f9; --warn: #8a4b00; --warn-page: #fff4e2; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #9aa5b1;
    --line: #2d343c; --page: #14171b; --panel: #1c2127; --warn: #ffcf8a; --warn-page: #33260f; } }
  * { box-sizing: border-box; }
  body { margin: 0 auto; max-width: 64rem; padding: 2.5rem 1.5rem 4rem; background: var(--page);
    color: var(--ink); font: 16px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
  h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; font-weight: 650; }
  h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; font-weight: 650; }
  .meta { color: var(--soft); margin: 0; }
  .notice { background: var(--warn-page); color: var(--warn); border-radius: .5rem;
    padding: .6rem 1rem; margin: 1.25rem 0; font-weight: 600; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; }
  th, td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line);
    vertical-align: top; }
  .number { text-align: right; white-space: nowrap; }
  td small { display: block; color: var(--soft); }
  .swatch { display: inline-block; width: .8em; height: .8em; border-radius: .2em;
    margin-right: .5em; }
  figure { margin: 0 0 1.5rem; background: var(--panel); border-radius: .5rem; padding: 1rem; }
  figure img { max-width: 100%; height: auto; display: block; border-radius: .25rem; }
  figcaption { color: var(--soft); margin-top: .6rem; font-size: .9rem; }
  @media print { body { padding: 0; max-width: none; } figure { break-inside: avoid; } }
  """
