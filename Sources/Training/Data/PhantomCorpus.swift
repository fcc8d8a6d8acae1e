public import Foundation
import Imaging

/// Phantoms as a data set in the corpus format, to be trained beside real images and never alone.
public enum PhantomCorpus {
  /// Writes `count` volumes of different seeds and their labels, as patients of the `train` split.
  ///
  /// - Parameter categories: only these are labelled, so that nothing counts as trained that was
  ///   never seen in a patient.
  public static func write(
    count: Int, seed: UInt64 = 1, categories: Set<String>, to directory: URL
  ) throws {
    let folder = directory.appendingPathComponent("phantom")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var cases: [[String: Any]] = []
    var names: [String: String] = [:]
    for n in 0..<count {
      // Few slices, far apart: a phantom changes little from one to the next.
      let phantom = try Phantom.make(
        seed: seed &+ UInt64(n), size: [192, 144, 32], spacing: [2, 2, 12])
      var labels = phantom.labels
      for (value, category) in phantom.categories {
        if categories.contains(category) {
          names["\(value)"] = category
        } else {
          for i in labels.labels.indices where labels.labels[i] == value { labels.labels[i] = 0 }
        }
      }
      let name = "phantom\(n).nii.gz"
      try NIfTIFile.write(
        phantom.image, path: folder.appendingPathComponent(name).path)
      try NIfTIFile.write(
        labels: labels, affine: phantom.image.affine, isVolume: true,
        path: folder.appendingPathComponent("mask-\(name)").path)
      cases.append([
        "image": name, "mask": "mask-\(name)", "patient": "phantom\(n)", "split": "train",
      ])
    }
    let header: [String: Any] = [
      "name": "phantom", "dimension": 3, "modality": "CT", "licence": "Apache-2.0",
      "licence_class": "open", "source": "synthetic", "labels": names, "cases": cases,
    ]
    try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
      .write(to: folder.appendingPathComponent("dataset.json"), options: .atomic)
  }
}
