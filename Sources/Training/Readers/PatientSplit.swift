import Foundation

/// Which patient a case is of, and which split a patient is in.
///
/// Without lists, a patient's split follows from a hash of its name alone: the same on every machine
/// and in every data set, whoever else is there.
struct PatientSplit {
  private let file: String
  private let pattern: Regex<AnyRegexOutput>?
  private let table: [String: String]?
  /// Upper ends of the shares in [0, 1], in the order of the splits.
  private let shares: [(split: Split, end: Double)]
  private let listed: [String: Split]?

  /// Train, val and test where nothing else is said.
  static let usual: [Split: Double] = [.train: 0.7, .val: 0.1, .test: 0.2]

  init(_ notes: DataSetNotes, folder: URL, file: URL) throws(CorpusError) {
    self.file = file.path
    (pattern, table) = try Self.patients(notes.patients, folder: folder, file: file)
    var given: [Split: Double] = [:]
    var lists: [String: Split] = [:]
    for (name, rule) in notes.split ?? [:] {
      guard let split = Split(rawValue: name) else {
        throw CorpusError(file.path, "\"split\" has train, val and test, not \"\(name)\"")
      }
      switch rule {
      case .share(let share): given[split] = share
      case .patients(let patients):
        for patient in patients {
          if let other = lists[patient], other != split {
            throw CorpusError(
              file.path, "patient \"\(patient)\" is in \(other.rawValue) and in \(name)")
          }
          lists[patient] = split
        }
      }
    }
    guard given.isEmpty || lists.isEmpty else {
      throw CorpusError(file.path, "\"split\" holds shares or lists of patients, not both")
    }
    let total = given.values.reduce(0, +)
    guard given.values.allSatisfy({ $0 >= 0 && $0.isFinite }), given.isEmpty || total > 0 else {
      throw CorpusError(file.path, "the shares of \"split\" are 0 or more, and not all 0")
    }
    let used = given.isEmpty ? Self.usual : given
    var end = 0.0
    shares = Split.allCases.map { split in
      end += (used[split] ?? 0) / (given.isEmpty ? 1 : total)
      return (split, end)
    }
    listed = lists.isEmpty ? nil : lists
  }

  private static func patients(
    _ text: String?, folder: URL, file: URL
  ) throws(CorpusError) -> (Regex<AnyRegexOutput>?, [String: String]?) {
    guard let text else { return (nil, nil) }
    if text.hasSuffix(".json") {
      let list = folder.appendingPathComponent(text)
      do {
        return (nil, try JSONDecoder().decode([String: String].self, from: Data(contentsOf: list)))
      } catch {
        throw CorpusError(list.path, "{\"case\": \"patient\", …} was expected here: \(error)")
      }
    }
    do {
      return (try Regex(text), nil)
    } catch {
      throw CorpusError(file.path, "\"patients\" is no regular expression: \(error)")
    }
  }

  /// - Parameter name: of the case, without an ending.
  func patient(of name: String) throws(CorpusError) -> String {
    if let table {
      guard let patient = table[name] else {
        throw CorpusError(file, "\"patients\" names a file that does not know case \"\(name)\"")
      }
      return patient
    }
    guard let pattern else { return name }
    guard let match = name.firstMatch(of: pattern) else {
      throw CorpusError(file, "\"patients\" finds no patient in the name \"\(name)\"")
    }
    // What the first group holds; without a group, all of it.
    let found = match.output.count > 1 ? match.output[1].substring : match.output[0].substring
    return found.map(String.init) ?? name
  }

  func split(of patient: String) throws(CorpusError) -> Split {
    if let listed {
      guard let split = listed[patient] else {
        throw CorpusError(file, "\"split\" lists no patient \"\(patient)\"; list every patient")
      }
      return split
    }
    let place = Self.place(of: patient)
    return shares.first { place < $0.end }?.split ?? shares.last { $0.end > 0 }?.split ?? .train
  }

  /// A patient's place in [0, 1): FNV-1a over the name, mixed once more, since names differ little.
  static func place(of patient: String) -> Double {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in patient.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var random = SeededRandom(seed: hash)
    return Double(random.next() >> 11) * 0x1p-53
  }
}
