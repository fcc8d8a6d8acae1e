import BusProtocol
import Client
import Imaging
import SegSAM

/// A server as an engine for one image, which it holds meanwhile. Of the answers it gives masks, scores
/// and names; a request holds one query without text (protocol: `segment`), so each goes alone.
struct RemoteEngine: SegmentationEngine {
  let model: ModelInfo
  /// Not asked for.
  let trainedCategories: Set<String> = []
  private let client: SegSAMClient
  private let imageID: String

  /// Requests on their way at a time: enough that the server never waits.
  private static let inFlight = 4

  /// Has the server hold the image while the body runs.
  static func hold<R: Sendable>(
    _ image: ImageSource, on client: SegSAMClient,
    _ body: @Sendable (RemoteEngine) async throws -> R
  ) async throws -> R {
    let model = try await client.capabilities().model
    let held = try await client.putImage(image)
    let engine = RemoteEngine(
      model: ModelInfo(name: model?.name ?? "", version: model?.version ?? ""), client: client,
      imageID: held.imageID)
    let result: R
    do {
      result = try await body(engine)
    } catch {
      _ = try? await client.dropImage(held.imageID)
      throw error
    }
    _ = try? await client.dropImage(held.imageID)
    return result
  }

  private init(model: ModelInfo, client: SegSAMClient, imageID: String) {
    self.model = model
    self.client = client
    self.imageID = imageID
  }

  func prepare(_ image: MedicalImage, imageKey: String) async throws {}

  /// - Parameter image: the one that the server holds; its pixels are not sent again.
  func segment(
    _ image: MedicalImage, imageKey: String, queries: [Query], options: SegmentOptions,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> SegmentationResult {
    var results = [QueryResult?](repeating: nil, count: queries.count)
    try await withThrowingTaskGroup(of: (Int, QueryResult).self) { group in
      var next = 0
      func add() {
        guard next < queries.count else { return }
        let n = next
        next += 1
        group.addTask { (n, try await ask(queries[n], image, options)) }
      }
      for _ in 0..<Self.inFlight { add() }
      for try await (n, result) in group {
        results[n] = result
        add()
      }
    }
    return SegmentationResult(
      queries: results.compactMap { $0 }, semanticMask: nil, labels: [], probabilities: [:],
      timing: [:])
  }

  private func ask(
    _ query: Query, _ image: MedicalImage, _ options: SegmentOptions
  ) async throws -> QueryResult {
    var parameters = SegmentParameters()
    switch query.subject {
    case .category(let id): parameters.categories = [id]
    case .freeText(let text): parameters.freeText = text
    case .unnamed: break
    }
    if let box = query.box { parameters.boxes = [box.bounds] }
    parameters.points = query.clicks.map { .init(at: $0.at, isPositive: $0.isPositive) }
    parameters.outputs = [.binaryMasks]
    parameters.encoding = .bits
    parameters.threshold = options.threshold
    parameters.presenceThreshold = options.presenceThreshold
    let answer = try await client.segment(.held(imageID), parameters)
    guard let one = answer.result.categories.first, let voxels = try answer.binaryMasks()?.first,
      voxels.count == image.voxelCount
    else { throw ClientError.malformedReply("a mask is not of the image's size") }
    let mask = BinaryMask(
      width: image.width, height: image.height, depth: image.depth, voxels: voxels)
    var result = QueryResult(
      category: one.category, isPresent: one.present, presence: one.presence, score: one.score,
      mask: mask,
      candidates: (one.candidates ?? []).map { ($0.category, $0.probability) })
    result.promptedBy = one.promptedBy
    return result
  }
}
