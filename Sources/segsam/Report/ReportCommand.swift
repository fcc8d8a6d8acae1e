import ArgumentParser
import BusProtocol
import Client
import JSONC

/// `segsam report`.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Measures what is in an image, as JSON and as a page with pictures.",
    discussion: """
      Of each category named, or of all trained ones found present: presence, area or volume, mean
      and deviation of the intensity, bounding box, slices. Writes report.json and report.html.

        segsam report abdomen.nii.gz --modality CT -o out
      """)

  @Argument(help: "The image: PNG, JPEG, NIfTI, NRRD, MetaImage, or DICOM, a file or a folder.")
  var image: String

  @Option(
    name: [.long, .customShort("c")],
    help: ArgumentHelp(
      "What to measure; everything found if not given.", valueName: "names"))
  var categories: [String] = []

  @Option(help: ArgumentHelp("One name, which may hold commas.", valueName: "name"))
  var category: [String] = []

  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var output: String

  @Option(
    help: ArgumentHelp("What made the image: CT, MR, US, …", valueName: "modality"))
  var modality: String?

  @Option(
    help: ArgumentHelp(
      "Have the server publish the report on its stream under this name.", valueName: "study"))
  var publish: String?

  @OptionGroup var dicom: DICOMArguments
  @OptionGroup var server: ServerOptions

  @Flag(help: "Print the report as JSON.")
  var json = false

  func validate() throws {
    guard let publish else { return }
    if server.server == nil {
      throw ValidationError("--publish needs a server that others listen to: --server ENDPOINT.")
    }
    if !Topic.isValidName(publish) {
      throw ValidationError("--publish takes 1 to 64 letters, digits, - and _.")
    }
  }

  func run() async throws {
    let (path, modality, output, options) = (image, modality, output, dicom.options)
    let source = try await Blocking.run {
      let file = try InputFile(path: path, options: options)
      return file.source(try file.image(modality: modality))
    }
    let names = categories.flatMap(NameList.parse) + category
    let parameters = ReportParameters(
      categories: names.isEmpty ? nil : names, format: .html, publish: publish)
    let reply = try await server.withClient { client in
      try await client.call(
        .report(parameters), image: source, showing: Progress("measuring", unit: "slices"))
    }
    guard let report = reply.header.result?["report"], let page = reply.output("html") else {
      throw ClientError.malformedReply("it holds no report")
    }
    try await Blocking.run {
      let folder = try OutputFolder(path: output)
      try folder.write(String(decoding: page.payload.array, as: UTF8.self), to: "report.html")
      try folder.write(try report.pretty(), to: "report.json")
      try folder.commit()
    }
    if json { return try Console.print(json: report) }
    table(report).print()
    Console.print("\nwritten to \(output): report.html, report.json")
  }

  private func table(_ report: JSONValue) -> Table {
    var table = Table([
      .init("structure"), .init("present"), .init("presence", .right), .init("voxels", .right),
      .init("size", .right), .init("mean", .right), .init("SD", .right),
    ])
    for finding in report["findings"]?.arrayValue ?? [] {
      let size =
        finding["volume_ml"]?.doubleValue.map { "\($0.text(1)) mL" }
        ?? finding["area_cm2"]?.doubleValue.map { "\($0.text(2)) cm²" } ?? "–"
      table.add([
        finding["name"]?.stringValue ?? "–", finding["present"]?.boolValue == true ? "yes" : "no",
        (finding["presence"]?.doubleValue).text(3),
        finding["voxels"]?.intValue.map(String.init) ?? "–", size,
        (finding["intensity"]?["mean"]?.doubleValue).text(1),
        (finding["intensity"]?["sd"]?.doubleValue).text(1),
      ])
    }
    return table
  }
}
