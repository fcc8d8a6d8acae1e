import Foundation

/// The files of a folder that have one of some endings, by name without it.
enum FileNames {
  /// Endings of images that are read, and of masks.
  static let images = [".nii.gz", ".nii", ".png", ".jpg", ".jpeg"]
  static let masks = [".nii.gz", ".nii", ".png"]

  /// - Returns: stem → file name. Hidden files and others are left out.
  static func stems(
    in folder: URL, endings: [String]
  ) throws(CorpusError) -> [String: String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw CorpusError(folder.path, "it cannot be read: \(error.localizedDescription)")
    }
    var found: [String: String] = [:]
    for name in names.sorted() where !name.hasPrefix(".") {
      let lower = name.lowercased()
      guard let ending = endings.first(where: { lower.hasSuffix($0) }) else { continue }
      let stem = String(name.dropLast(ending.count))
      if let other = found[stem] {
        throw CorpusError(folder.path, "\(other) and \(name) have the same name; keep one")
      }
      found[stem] = name
    }
    return found
  }

  /// "3 images have no mask: a, b, c"; nil for none.
  static func remark(_ names: [String], _ what: String) -> String? {
    var found = Oddities()
    for name in names.sorted() { found.add(name) }
    return found.remark(what)
  }

  /// How many names are odd, and the first few of them, however many there are.
  struct Oddities {
    private(set) var count = 0
    private(set) var first: [String] = []

    mutating func add(_ name: String) {
      count += 1
      if first.count < 5 { first.append(name) }
    }

    func remark(_ what: String) -> String? {
      guard count > 0 else { return nil }
      return "\(count) \(what): \(first.joined(separator: ", "))\(count > 5 ? ", …" : "")"
    }
  }
}
