import ArgumentParser
import Imaging
import JSONC
import Vocabulary

/// `segsam phantom`.
struct PhantomCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phantom",
    abstract: "Makes a synthetic abdomen as CT would show it, with its true labels.",
    discussion: """
      Writes image.nii.gz (HU), labels.nii.gz and labels.json. The same seed gives the same volume
      on any machine. It is nobody's body.

        segsam phantom --seed 7 -o out/phantom
      """)

  @Option(help: ArgumentHelp("What everything follows from.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var output: String

  @Option(help: ArgumentHelp("Voxels along x, y, z.", valueName: "x,y,z"))
  var size = "192,144,96"

  @Option(help: ArgumentHelp("Millimetres per voxel along x, y, z.", valueName: "x,y,z"))
  var spacing = "2,2,4"

  @Option(help: ArgumentHelp("Standard deviation of the noise.", valueName: "hu"))
  var noise = 18.0

  @Flag(help: "Print the labels as JSON.")
  var json = false

  func validate() throws {
    guard let voxels = NumberList.parse(size), voxels.count == 3,
      voxels.allSatisfy({ (1...1024).contains($0) && $0 == $0.rounded() })
    else { throw ValidationError("--size is three whole numbers from 1 to 1024: 192,144,96.") }
    guard let lengths = NumberList.parse(spacing), lengths.count == 3,
      lengths.allSatisfy({ (0.05...100).contains($0) })
    else { throw ValidationError("--spacing is three lengths in mm, 0.05 to 100: 2,2,4.") }
    guard (0...1000).contains(noise) else { throw ValidationError("--noise is 0 to 1000 HU.") }
  }

  func run() async throws {
    let (seed, noise, output) = (seed, noise, output)
    let size = (NumberList.parse(size) ?? []).map { Int($0) }
    let spacing = NumberList.parse(spacing) ?? []
    let labels = try await Blocking.run {
      let phantom = try Phantom.make(seed: seed, size: size, spacing: spacing, noise: noise)
      let folder = try OutputFolder(path: output)
      try NIfTIFile.write(phantom.image, path: folder.path(for: "image.nii.gz"))
      try NIfTIFile.write(
        labels: phantom.labels, affine: phantom.image.affine,
        path: folder.path(for: "labels.nii.gz"))
      let labels = Self.labels(of: phantom, seed: seed)
      try folder.write(try labels.pretty(), to: "labels.json")
      try folder.commit()
      return labels
    }
    if json { return try Console.print(json: labels) }
    Console.print("synthetic image, seed \(seed), written to \(output):")
    Console.print("  image.nii.gz, labels.nii.gz, labels.json")
  }

  /// What each label is, and how much of it there is.
  private static func labels(of phantom: Phantom, seed: UInt64) -> JSONValue {
    var counts = [Int](repeating: 0, count: phantom.categories.count + 1)
    for label in phantom.labels.labels where Int(label) < counts.count { counts[Int(label)] += 1 }
    let voxel = abs(phantom.image.affine.determinant) / 1000
    var entries = JSONObject()
    for (label, category) in phantom.categories.sorted(by: { $0.key < $1.key }) {
      let count = counts[Int(label)]
      entries["\(label)"] = [
        "category": .string(category), "voxels": JSONValue(count),
        "volume_ml": JSONValue(Double(count) * voxel),
      ]
    }
    return [
      "synthetic": true, "seed": .string(String(seed)), "modality": "CT",
      "labels": .object(entries),
    ]
  }
}
