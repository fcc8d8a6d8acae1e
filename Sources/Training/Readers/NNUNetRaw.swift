import Foundation
import Vocabulary

/// A data set as nnU-Net takes it (its documentation, "nnU-Net dataset format"): `dataset.json`,
/// `imagesTr/CASE_0000.nii.gz` with a file a channel, `labelsTr/CASE.nii.gz`. Both versions of
/// `dataset.json`. `imagesTs` has no labels and is left alone.
///
/// Of several channels the first is read, unless `segsam.json` says another.
enum NNUNetRaw {
  /// Either version's `dataset.json`.
  private struct Header: Decodable {
    /// Version 2: channel → name; version 1 calls it `modality`.
    var channelNames: [String: String]?
    var modality: [String: String]?
    var labels: [String: LabelEntry]
    var fileEnding: String?
    var numTraining: Int?
    var name: String?, licence: String?, license: String?, reference: String?

    enum CodingKeys: String, CodingKey {
      case modality, labels, numTraining, name, licence, license, reference
      case channelNames = "channel_names"
      case fileEnding = "file_ending"
    }

    /// Each label's name and mask values, background left out.
    func regions(place: String) throws(CorpusError) -> [(name: String, values: Set<UInt16>)] {
      var found: [(name: String, values: Set<UInt16>)] = []
      for (key, entry) in labels.sorted(by: { $0.key < $1.key }) {
        // Version 1 says number → name, version 2 name → number or numbers.
        var (name, numbers) = (key, [Int]())
        switch entry {
        case .number(let number): numbers = [number]
        case .numbers(let all): numbers = all
        case .name(let text):
          guard let number = Int(key) else {
            throw CorpusError(place, "label \"\(key)\" is \"\(text)\", which is no number")
          }
          (name, numbers) = (text, [number])
        }
        let values = numbers.filter { $0 != 0 }
        guard values.allSatisfy({ UInt16(exactly: $0) != nil }) else {
          throw CorpusError(place, "the values of label \"\(name)\" are not from 0 to 65535")
        }
        if !values.isEmpty { found.append((name, Set(values.map { UInt16($0) }))) }
      }
      return found
    }
  }

  private enum LabelEntry: Decodable {
    case number(Int)
    case numbers([Int])
    case name(String)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Int.self) {
        self = .number(number)
      } else if let numbers = try? value.decode([Int].self) {
        self = .numbers(numbers)
      } else {
        self = .name(try value.decode(String.self))
      }
    }
  }

  /// Whether a folder's `dataset.json` is nnU-Net's: no list of cases, but channels or `imagesTr/`.
  static func describes(_ folder: URL) -> Bool {
    let file = folder.appendingPathComponent("dataset.json")
    guard let bytes = try? Data(contentsOf: file),
      let members = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any],
      members["cases"] == nil
    else { return false }
    return members["channel_names"] != nil || members["modality"] is [String: Any]
      || folder.has("imagesTr")
  }

  static func read(_ folder: URL, vocabulary: Vocabulary) throws(CorpusError) -> Corpus.DataSet {
    let file = folder.appendingPathComponent("dataset.json")
    let header: Header
    do {
      header = try JSONDecoder().decode(Header.self, from: Data(contentsOf: file))
    } catch {
      throw CorpusError(file.path, "\(error)")
    }
    let own = folder.appendingPathComponent(DataSetNotes.fileName)
    let notes = try DataSetNotes.read(own)
    let channel = notes.channel ?? 0
    let channels = header.channelNames ?? header.modality ?? [:]
    guard let modality = notes.modality ?? channels["\(channel)"].flatMap(ModalityName.term) else {
      throw CorpusError(
        file.path,
        "what made channel \(channel) cannot be told from "
          + "\"\(channels["\(channel)"] ?? "")\"; say \"modality\" in \(DataSetNotes.fileName), "
          + "in DICOM's terms: CT, MR, US, …")
    }
    var names = LabelNames(vocabulary, notes: notes)
    var regions: [LabelRegions.Region] = []
    var background: Set<UInt16> = []
    for (name, values) in try header.regions(place: file.path) {
      if let category = names.category(of: name) {
        regions.append(.init(category: category, values: values))
      } else {
        background.formUnion(values)
      }
    }
    try names.check(file)
    let labels = try LabelRegions(regions, background: background, place: file.path)
    let found = try cases(
      of: folder, ending: header.fileEnding ?? ".nii.gz", channel: channel,
      patients: try PatientSplit(notes, folder: folder, file: own),
      annotated: labels.categories)
    var remarks = found.remarks
    if let said = header.numTraining, said != found.cases.count {
      remarks.append("\(file.lastPathComponent) says \(said) cases, \(found.cases.count) are here")
    }
    return Corpus.DataSet(
      folder: folder, name: notes.name ?? header.name ?? folder.lastPathComponent,
      dimension: found.cases[0].image.contains(".nii") ? 3 : 2, modality: modality,
      licence: notes.licence ?? header.licence ?? header.license ?? "",
      licenceClass: notes.licenceClass ?? "", source: notes.source ?? header.reference ?? "",
      labels: labels.labels, contains: labels.contains(and: names.contains(labels.categories)),
      cases: found.cases, layout: .nnUNet, rewritten: labels.rewritten, remarks: remarks)
  }

  /// Those of `labelsTr`; at least one.
  private static func cases(
    of folder: URL, ending: String, channel: Int, patients: PatientSplit, annotated: Set<String>
  ) throws(CorpusError) -> (cases: [Corpus.Case], remarks: [String]) {
    guard FileNames.masks.contains(ending) else {
      throw CorpusError(
        folder.path,
        "files that end in \(ending) are not read here; convert them to .nii.gz or .png")
    }
    let labels = try FileNames.stems(
      in: folder.appendingPathComponent("labelsTr"), endings: [ending])
    let images = try FileNames.stems(
      in: folder.appendingPathComponent("imagesTr"), endings: [ending])
    let digits = "\(channel)"
    let suffix = "_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    var cases: [Corpus.Case] = []
    var missing: [String] = []
    for (stem, label) in labels.sorted(by: { $0.key < $1.key }) {
      // The Decathlon, where nnU-Net's layout comes from, has one file a case without a suffix.
      guard let image = images[stem + suffix] ?? (channel == 0 ? images[stem] : nil) else {
        missing.append(stem)
        continue
      }
      let patient = try patients.patient(of: stem)
      cases.append(
        Corpus.Case(
          image: "imagesTr/\(image)", masks: [.init(path: "labelsTr/\(label)")], patient: patient,
          split: try patients.split(of: patient), annotated: annotated))
    }
    guard !cases.isEmpty else {
      throw CorpusError(
        folder.path, "no CASE\(ending) in labelsTr/ has a CASE\(suffix)\(ending) in imagesTr/")
    }
    let unlabelled = images.keys.filter { stem in
      stem.hasSuffix(suffix) && labels[String(stem.dropLast(suffix.count))] == nil
    }
    return (
      cases,
      [
        FileNames.remark(missing, "cases have no image of channel \(channel)"),
        FileNames.remark(unlabelled, "images have no labels"),
      ].compactMap { $0 }
    )
  }
}
