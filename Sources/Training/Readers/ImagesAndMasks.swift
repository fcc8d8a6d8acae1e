import Foundation
import Vocabulary

/// A folder of images and one of masks, with equal names, and a `labels.json` that says what the mask
/// values are.
enum ImagesAndMasks {
  static func read(_ folder: URL, vocabulary: Vocabulary) throws(CorpusError) -> Corpus.DataSet {
    let file = folder.appendingPathComponent("labels.json")
    let notes = try DataSetNotes.read(file)
    guard let given = notes.labels, !given.isEmpty else {
      throw CorpusError(
        file.path,
        "it has to say what the mask values are: "
          + "{\"labels\": {\"1\": \"liver\"}, \"modality\": \"CT\"}")
    }
    guard let modality = notes.modality else {
      throw CorpusError(
        file.path, "it has to say the \"modality\", in DICOM's terms: CT, MR, US, …")
    }
    var names = LabelNames(vocabulary, notes: notes)
    var regions: [LabelRegions.Region] = []
    var background: Set<UInt16> = []
    for text in given.keys.sorted() {
      guard let value = UInt16(text), value > 0 else {
        throw CorpusError(file.path, "label \"\(text)\" is not a number from 1 to 65535")
      }
      if let category = names.category(of: text) {
        regions.append(.init(category: category, values: [value]))
      } else {
        background.insert(value)
      }
    }
    try names.check(file)
    let labels = try LabelRegions(regions, background: background, place: file.path)
    let masks = folder.has("masks") ? "masks" : "labels"
    let images = try FileNames.stems(
      in: folder.appendingPathComponent("images"), endings: FileNames.images)
    let drawn = try FileNames.stems(
      in: folder.appendingPathComponent(masks), endings: FileNames.masks)
    let patients = try PatientSplit(notes, folder: folder, file: file)
    var cases: [Corpus.Case] = []
    for (stem, image) in images.sorted(by: { $0.key < $1.key }) {
      guard let mask = drawn[stem] else { continue }
      let patient = try patients.patient(of: stem)
      cases.append(
        Corpus.Case(
          image: "images/\(image)", masks: [.init(path: "\(masks)/\(mask)")], patient: patient,
          split: try patients.split(of: patient), annotated: labels.categories))
    }
    guard !cases.isEmpty else {
      throw CorpusError(
        folder.path,
        "no image in images/ has a mask of its name in \(masks)/ "
          + "(PNG or JPEG with PNG, NIfTI with NIfTI)")
    }
    return Corpus.DataSet(
      folder: folder, name: notes.name ?? folder.lastPathComponent,
      dimension: cases[0].image.contains(".nii") ? 3 : 2, modality: modality,
      licence: notes.licence ?? "", licenceClass: notes.licenceClass ?? "",
      source: notes.source ?? "", labels: labels.labels,
      contains: labels.contains(and: names.contains(labels.categories)), cases: cases,
      layout: .folders, rewritten: labels.rewritten,
      remarks: [
        FileNames.remark(images.keys.filter { drawn[$0] == nil }, "images have no mask"),
        FileNames.remark(drawn.keys.filter { images[$0] == nil }, "masks have no image"),
      ].compactMap { $0 })
  }
}
