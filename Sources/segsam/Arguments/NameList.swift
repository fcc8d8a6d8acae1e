import Foundation

/// `--categories pancreas,左肾`: names with commas (or the East Asian `，`, `、`) between them.
///
/// A name that holds a comma itself goes into an option of its own: `--category "kidney, left"`.
enum NameList {
  static func parse(_ text: String) -> [String] {
    text.split { ",，、".contains($0) }
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      .filter { !$0.isEmpty }
  }
}
