import ArgumentParser
import BusProtocol
import Client
import Imaging
import Server

/// `segsam demo`.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Starts a server, asks it about a synthetic image in three languages, and ends.")

  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var output = "out/demo"

  @Option(help: ArgumentHelp("Of the synthetic image.", valueName: "n"))
  var seed: UInt64 = 1

  @OptionGroup var model: ModelOptions

  func run() async throws {
    try await run(load: LoadedModel.load)
  }

  func run(load: @Sendable (ModelOptions) async throws -> LoadedModel) async throws {
    let (seed, output) = (seed, output)
    let scene = try await Blocking.run { try DemoScene.make(seed: seed) }
    Console.print("Loading the model \(model.model) …")
    let server = try await LocalServer.start(try await load(model), over: .loopback)
    do {
      Console.print("A server answers at \(server.endpoints.bind).")
      let client = try await SegSAMClient(
        endpoint: server.endpoints.bind, timeout: .seconds(120))
      let answer = try await ask(client, scene)
      await client.close()
      let picture = try await Blocking.run { try Self.write(answer, scene, to: output) }
      show(answer, scene, picture)
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private func ask(_ client: SegSAMClient, _ scene: DemoScene) async throws -> DemoAnswer {
    let spacing = Array(scene.image.affine.spacing.prefix(2))
    let source = ImageSource.pixels(
      scene.pixels, datatype: .int16, shape: [scene.image.height, scene.image.width],
      parameters: InputImageParameters(
        layout: .hw, modality: "CT", intensity: .hounsfield, spacing: spacing))
    var parameters = SegmentParameters()
    parameters.categories = DemoScene.questions.map(\.query)
    let clock = ContinuousClock()
    let start = clock.now
    let segmentation = try await client.segment(source, parameters)
    return try DemoAnswer(segmentation, scene: scene, took: clock.now - start)
  }

  private static func write(
    _ answer: DemoAnswer, _ scene: DemoScene, to output: String
  ) throws -> DemoFiles {
    let folder = try OutputFolder(path: output)
    for (name, masks) in [("overlay.png", answer.masks), ("truth.png", scene.truths)] {
      let picture = try OverlayPicture.make(scene.image, layers: answer.layers(masks))
      try ImageFile.writePNG(
        rgb: picture.pixels, width: picture.width, height: picture.height,
        path: folder.path(for: name))
    }
    try NIfTIFile.write(scene.image, path: folder.path(for: "image.nii.gz"))
    try folder.commit()
    return DemoFiles(folder: output)
  }

  private func show(_ answer: DemoAnswer, _ scene: DemoScene, _ files: DemoFiles) {
    Console.print(
      """

      A synthetic image (a made-up abdomen, \(scene.image.width)×\(scene.image.height), seed \
      \(seed)), asked in three languages, answered in \(answer.milliseconds.text(0)) ms:

      """)
    answer.table.print()
    Console.print(
      """

      DSC compares with the synthetic image's known truth; on real images see the model card.
      Picture:   \(files.overlay)   (the truth: \(files.truth))
      Your own:  segsam segment IMAGE.nii.gz --modality CT --categories liver,左肾 -o out/mine
                 \
      (or this one: segsam segment \(files.image) --modality CT -c aorta -o out/aorta)
      A server:  segsam serve
      For research. Not for diagnosis or treatment.
      """)
  }
}

/// Where things are.
private struct DemoFiles: Sendable {
  var folder: String
  var overlay: String { "\(folder)/overlay.png" }
  var truth: String { "\(folder)/truth.png" }
  var image: String { "\(folder)/image.nii.gz" }
}
