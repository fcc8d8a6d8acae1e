public import Foundation
public import Vocabulary

/// Why training data could not be used; names file and case.
public struct CorpusError: Error, Hashable, CustomStringConvertible {
  public let place: String
  public let reason: String
  public init(_ place: String, _ reason: String) {
    self.place = place
    self.reason = reason
  }
  public var description: String { "\(place): \(reason)" }
}

/// Which patients a case belongs to; fixed by the corpus, by patient.
public enum Split: String, Codable, Sendable, CaseIterable {
  case train, val, test
}

/// A folder of data sets, each in one of the layouts that are read here.
public struct Corpus: Sendable {
  public let dataSets: [DataSet]

  public struct DataSet: Sendable {
    public let folder: URL
    public let name: String
    /// 2 or 3.
    public let dimension: Int
    /// DICOM's term.
    public let modality: String
    public let licence: String, licenceClass: String, source: String
    /// Mask value → category id.
    public internal(set) var labels: [UInt16: String]
    /// Category → categories drawn inside it that belong to it too.
    public internal(set) var contains: [String: [String]]
    public internal(set) var cases: [Case]
    public internal(set) var layout = DataSetLayout.corpus
    /// Mask value as it stands in the files → as `labels` knows it, 0 for background. What is not in
    /// here stays as it is.
    var rewritten: [UInt16: UInt16] = [:]
    /// What the reader left aside, and why.
    public internal(set) var remarks: [String] = []

    /// The mask values that make up a category: its own, and those of what it contains.
    public func values(of category: String) -> Set<UInt16> {
      let members = Set([category] + (contains[category] ?? []))
      return Set(labels.filter { members.contains($0.value) }.map(\.key))
    }
  }

  public struct Case: Sendable, Hashable {
    public let image: String
    /// One file of labels, or several with one label each.
    public internal(set) var masks: [MaskFile]
    public let patient: String
    public let split: Split
    /// The categories that were looked for; any other is unknown here, not absent.
    public internal(set) var annotated: Set<String>
    /// Names the masks of the case in messages.
    public var mask: String { masks.first?.path ?? "" }
  }

  public struct MaskFile: Sendable, Hashable {
    /// In the data set's folder, as an image's is.
    public let path: String
    /// The mask value of all that is not 0 in it; nil: it holds mask values itself.
    public var value: UInt16?
  }

  private struct Header: Decodable {
    struct Entry: Decodable {
      var image: String, mask: String, patient: String
      var split: Split
      var annotated: [String]?
    }
    var name: String
    var dimension: Int
    var modality: String
    var licence: String?
    var licenceClass: String?
    var source: String?
    var labels: [String: String]
    var contains: [String: [String]]?
    var cases: [Entry]

    enum CodingKeys: String, CodingKey {
      case name, dimension, modality, licence, source, labels, contains, cases
      case licenceClass = "licence_class"
    }
  }

  /// Reads what describes the data sets of a folder: the folder's own, or those of the folders in it,
  /// by name. Images are read later.
  ///
  /// - Parameter vocabulary: for the names of labels in layouts that do not say categories.
  /// - Throws: `CorpusError` naming the file that cannot be understood, or what was looked for.
  public init(
    directory: URL, vocabulary: Vocabulary = Vocabulary(categories: [], descriptions: [])
  ) throws(CorpusError) {
    if let layout = DataSetLayout(of: directory) {
      dataSets = try layout.read(directory, vocabulary: vocabulary)
      return
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    } catch {
      throw CorpusError(directory.path, "no corpus can be read here: \(error.localizedDescription)")
    }
    var sets: [DataSet] = []
    for name in names {
      let folder = directory.appendingPathComponent(name)
      guard let layout = DataSetLayout(of: folder) else { continue }
      sets += try layout.read(folder, vocabulary: vocabulary)
    }
    guard !sets.isEmpty else {
      throw CorpusError(
        directory.path, "no data set is here or in a folder of it; \(DataSetLayout.lookedFor)")
    }
    dataSets = sets
  }

  /// A set in the corpus format.
  static func read(_ folder: URL) throws(CorpusError) -> DataSet {
    let file = folder.appendingPathComponent("dataset.json")
    let header: Header
    do {
      header = try JSONDecoder().decode(Header.self, from: Data(contentsOf: file))
    } catch {
      throw CorpusError(file.path, "\(error)")
    }
    var labels: [UInt16: String] = [:]
    for (value, category) in header.labels {
      guard let number = UInt16(value), number > 0 else {
        throw CorpusError(file.path, "label \"\(value)\" is not a number from 1 to 65535")
      }
      labels[number] = category
    }
    let all = Set(labels.values)
    return DataSet(
      folder: folder, name: header.name, dimension: header.dimension, modality: header.modality,
      licence: header.licence ?? "", licenceClass: header.licenceClass ?? "",
      source: header.source ?? "", labels: labels, contains: header.contains ?? [:],
      cases: header.cases.map {
        Case(
          image: $0.image, masks: [MaskFile(path: $0.mask)], patient: $0.patient,
          split: $0.split,
          annotated: Set($0.annotated ?? Array(all)))
      })
  }

  init(dataSets: [DataSet]) { self.dataSets = dataSets }

  /// Both corpora's data sets as one.
  public func joined(with other: Corpus) -> Corpus { Corpus(dataSets: dataSets + other.dataSets) }

  /// Every category that some case annotates, sorted.
  public var categories: [String] {
    Array(Set(dataSets.flatMap { $0.labels.values })).sorted()
  }
}
