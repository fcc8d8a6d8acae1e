import Foundation
import Vocabulary

/// SA-Med2D-20M (arXiv 2311.11969) as it is published: pictures in `images/`, one picture a mask in
/// `masks/`, `SAMed2D_v1.json` with image → masks, and `SAMed2D_v1_class_mapping_id.json` with data
/// set → name of a class → its number.
///
/// A picture is called `MODALITY_SUBMODALITY--DATASET--CASE--AXIS_SLICE.png`, a mask as its picture
/// with `--CLASS_INSTANCE.png` after it. What has no mask in a picture is unknown there, since the
/// collection does not say what was looked for.
enum SAMed2D {
  static let indexName = "SAMed2D_v1.json"
  static let classesName = "SAMed2D_v1_class_mapping_id.json"

  /// The parts of a picture's name.
  struct Name {
    var modality: String, dataSet: String, patient: String

    init?(_ path: String) {
      guard path.hasSuffix(".png") else { return nil }
      let parts = (path.split(separator: "/").last ?? "").components(separatedBy: "--")
      guard parts.count >= 4, let modality = ModalityName.term(of: parts[0]) else { return nil }
      self.modality = modality
      dataSet = parts[1]
      patient = parts[2..<parts.count - 1].joined(separator: "--")
    }
  }

  /// The class's number in a mask's path: 3 of `…--0003_000.png`, of the picture before it.
  static func number(ofMask path: String, image: String) -> Int? {
    let name = path.split(separator: "/").last ?? ""
    let stem = (image.split(separator: "/").last ?? "").dropLast(4) + "--"
    guard name.hasPrefix(stem), name.hasSuffix(".png") else { return nil }
    return Int(name.dropFirst(stem.count).prefix { $0.isNumber })
  }

  /// What one data set and modality of the index hold.
  private struct Group {
    var images: [(image: String, patient: String, masks: [(path: String, number: Int)])] = []
    var strange = FileNames.Oddities()
  }

  static func read(_ folder: URL, vocabulary: Vocabulary) throws(CorpusError) -> [Corpus.DataSet] {
    let own = folder.appendingPathComponent(DataSetNotes.fileName)
    let notes = try DataSetNotes.read(own)
    let index = folder.appendingPathComponent(indexName)
    let wanted = notes.dataSets.map { Set($0) }
    // Data set → modality → what it holds.
    var groups: [String: [String: Group]] = [:]
    var nameless = FileNames.Oddities()
    var entries = SAMed2DIndex(bytes: try bytes(of: index), place: index.path)
    while let (image, masks) = try entries.next() {
      guard let name = Name(image) else {
        nameless.add(image)
        continue
      }
      guard wanted?.contains(name.dataSet) ?? true else { continue }
      var group = groups[name.dataSet]?[name.modality] ?? Group()
      // Not kept twice while it grows.
      groups[name.dataSet]?[name.modality] = nil
      let numbered = masks.compactMap { path in
        number(ofMask: path, image: image).map { (path: path, number: $0) }
      }
      if numbered.count < masks.count { group.strange.add(image) }
      if !numbered.isEmpty { group.images.append((image, name.patient, numbered)) }
      groups[name.dataSet, default: [:]][name.modality] = group
    }
    guard !groups.isEmpty else {
      let example = nameless.first.first.map { "; \"\($0)\" is not called as its images are" } ?? ""
      throw CorpusError(index.path, "it names no image of the data sets that are wanted\(example)")
    }
    let classes = try Self.classes(of: folder)
    let patients = try PatientSplit(notes, folder: folder, file: own)
    var names = LabelNames(vocabulary, notes: notes)
    var sets: [Corpus.DataSet] = []
    var without = FileNames.Oddities()
    for (dataSet, modalities) in groups.sorted(by: { $0.key < $1.key }) {
      for (modality, group) in modalities.sorted(by: { $0.key < $1.key }) {
        let set = try Self.dataSet(
          group, name: modalities.count > 1 ? "\(dataSet)_\(modality)" : dataSet,
          modality: modality, classes: classes[dataSet] ?? [:], folder: folder, notes: notes,
          names: &names, patients: patients)
        if let set { sets.append(set) } else { without.add("\(dataSet) (\(modality))") }
      }
    }
    try names.check(folder.appendingPathComponent(classesName))
    guard !sets.isEmpty else {
      throw CorpusError(index.path, "no image of it has a mask of a category of the vocabulary")
    }
    sets[0].remarks += [
      nameless.remark("images of the collection are not called as its images are"),
      without.remark("data sets of it show no category of the vocabulary"),
    ].compactMap { $0 }
    return sets
  }

  private static func dataSet(
    _ group: Group, name: String, modality: String, classes: [Int: String], folder: URL,
    notes: DataSetNotes, names: inout LabelNames, patients: PatientSplit
  ) throws(CorpusError) -> Corpus.DataSet? {
    var remarks: [String] = []
    var categories: [Int: String] = [:]
    let numbers = Set(group.images.flatMap { $0.masks.map(\.number) }).sorted()
    for number in numbers {
      guard let label = classes[number] else {
        remarks.append("\(classesName) has no class \(number) of it")
        continue
      }
      // A union of other classes, which have masks of their own.
      if label.hasPrefix("union_"), notes.labels?[label] == nil { continue }
      categories[number] = names.category(of: label)
    }
    let order = Set(categories.values).sorted()
    guard !order.isEmpty else { return nil }
    guard order.count <= 255 else {
      throw CorpusError(name, "a data set has at most 255 labels, not \(order.count)")
    }
    let values = Dictionary(
      uniqueKeysWithValues: order.enumerated().map { ($1, UInt16($0 + 1)) })
    let picked = Self.spread(
      group.images.filter { each in
        each.masks.contains { categories[$0.number] != nil }
      }, limit: notes.limit)
    var cases: [Corpus.Case] = []
    for (image, patient, masks) in picked {
      let drawn = masks.compactMap { mask in
        categories[mask.number].map { (mask.path, $0) }
      }
      let who = try patients.patient(of: patient)
      cases.append(
        Corpus.Case(
          image: image,
          masks: drawn.map { Corpus.MaskFile(path: $0.0, value: values[$0.1]) },
          patient: who, split: try patients.split(of: who), annotated: Set(drawn.map(\.1))))
    }
    if let remark = group.strange.remark("images have masks with strange names") {
      remarks.append(remark)
    }
    return Corpus.DataSet(
      folder: folder, name: name, dimension: 2, modality: modality,
      licence: notes.licence ?? "", licenceClass: notes.licenceClass ?? "",
      source: notes.source ?? "arXiv 2311.11969",
      labels: Dictionary(uniqueKeysWithValues: values.map { ($1, $0) }),
      contains: names.contains(Set(order)), cases: cases, layout: .saMed2D, remarks: remarks)
  }

  /// At most `limit` of a list, evenly from all of it.
  private static func spread<Element>(_ all: [Element], limit: Int?) -> [Element] {
    guard let limit, all.count > limit else { return all }
    return (0..<limit).map { all[$0 * all.count / limit] }
  }

  /// Mapped, not read: the whole index is gigabytes.
  private static func bytes(of file: URL) throws(CorpusError) -> Data {
    do {
      return try Data(contentsOf: file, options: .alwaysMapped)
    } catch {
      throw CorpusError(file.path, "it cannot be read: \(error.localizedDescription)")
    }
  }

  /// Data set → number → name.
  private static func classes(of folder: URL) throws(CorpusError) -> [String: [Int: String]] {
    let file = folder.appendingPathComponent(classesName)
    let read: [String: [String: String]]
    do {
      read = try JSONDecoder().decode([String: [String: String]].self, from: Data(contentsOf: file))
    } catch {
      throw CorpusError(file.path, "data set → name → number was expected: \(error)")
    }
    return read.mapValues { names in
      Dictionary(
        names.compactMap { name, number in Int(number).map { ($0, name) } },
        uniquingKeysWith: { min($0, $1) })
    }
  }
}
