import Imaging
import SegSAM
import Testing
import Vocabulary

@testable import Volumetrics

@Suite("Anatomy's say")
struct PostProcessingTests {
  private let engine = ThresholdEngine(["left_kidney": 100, "right_kidney": 200, "liver": 300])

  private func ask(
    _ names: [String], _ body: BoxBody, steps: Set<ProcessingStep.Kind>
  ) async throws -> SegmentationResult {
    var options = SegmentOptions()
    options.volume = VolumeOptions(postProcessing: steps)
    return try await VolumeEngine(engine, vocabulary: testVocabulary.get()).segment(
      body.image, imageKey: "k", queries: names.map { Query(.category($0)) }, options: options,
      progress: nil)
  }

  @Test("keeps the one piece that a liver has, and says what went")
  func components() async throws {
    var body = BoxBody()
    body.fill(8..<22, 8..<30, 5..<25, 300)
    let wanted = body.mask(of: 300)
    body.fill(34..<40, 8..<14, 34..<38, 300)
    let result = try await ask(["liver"], body, steps: [.components])
    #expect(differing(result.queries[0].mask, wanted) == 0)
    #expect(result.queries[0].steps.map(\.kind) == [.components])
    #expect(result.queries[0].steps.first?.removed == 6 * 6 * 4)
    // M_s has the same anatomy.
    #expect(differing(result.semanticMask?.mask(of: 1), wanted) == 0)
  }

  @Test("takes what a few missed slices part as one piece")
  func gap() async throws {
    var body = BoxBody()
    body.fill(8..<22, 8..<30, 5..<15, 300)
    body.fill(8..<22, 8..<30, 17..<25, 300)
    let result = try await ask(["liver"], body, steps: [.components])
    #expect(differing(result.queries[0].mask, body.mask(of: 300)) == 0)
    #expect(result.queries[0].steps.isEmpty)
  }

  @Test("leaves a kidney on the other side of the midline out")
  func sides() async throws {
    var body = BoxBody()
    // i runs to the patient's left: a small i is on the right.
    body.fill(33..<40, 15..<24, 10..<20, 100)
    let wanted = body.mask(of: 100)
    body.fill(8..<17, 15..<25, 10..<22, 100)
    let result = try await ask(["left_kidney"], body, steps: [.sides])
    #expect(differing(result.queries[0].mask, wanted) == 0)
    #expect(result.queries[0].steps.map(\.kind) == [.sides])
  }

  @Test("says so where all of it is on the other side")
  func wrongSide() async throws {
    var body = BoxBody()
    body.fill(33..<40, 15..<24, 10..<20, 200)
    let result = try await ask(["right_kidney"], body, steps: [.sides])
    #expect(result.queries[0].mask?.count == 0)
    #expect(!result.queries[0].isPresent)
    #expect(result.queries[0].warnings.contains { $0.contains("other side") })
  }

  @Test("says nothing of sides where half a body is shown")
  func halfBody() async throws {
    var body = BoxBody(size: [24, 40, 40])
    body.fill(14..<20, 20..<30, 10..<20, 200)
    let result = try await ask(["right_kidney"], body, steps: [.sides])
    #expect(differing(result.queries[0].mask, body.mask(of: 200)) == 0)
  }

  @Test("fills holes that are open to nowhere, and no others")
  func holes() async throws {
    var body = BoxBody()
    body.fill(8..<22, 8..<30, 5..<25, 300)
    let wanted = body.mask(of: 300).count
    body.fill(12..<16, 14..<18, 10..<14, 10)
    body.fill(20..<22, 10..<20, 10..<12, 10)  // open at the side
    let result = try await ask(["liver"], body, steps: [.holes])
    #expect(result.queries[0].mask?.count == wanted - 2 * 10 * 2)
    #expect(result.queries[0].steps.first?.added == 4 * 4 * 4)
  }

  @Test("warns of an implausible volume and leaves it")
  func volume() async throws {
    var body = BoxBody()
    body.fill(20..<26, 20..<26, 10..<14, 300)
    let result = try await ask(["liver"], body, steps: [.components, .holes, .sides])
    #expect(result.queries[0].warnings.contains { $0.contains("less than the plausible") })
    #expect(differing(result.queries[0].mask, body.mask(of: 300)) == 0)
  }

  @Test("does nothing that is turned off")
  func off() async throws {
    var body = BoxBody()
    body.fill(33..<40, 15..<24, 10..<20, 200)
    body.fill(8..<22, 8..<30, 5..<25, 200)
    let result = try await ask(["right_kidney"], body, steps: [])
    #expect(differing(result.queries[0].mask, body.mask(of: 200)) == 0)
    #expect(result.queries[0].steps.isEmpty && result.queries[0].warnings.isEmpty)
  }

  @Test("answers a composite by its parts, each with its own anatomy")
  func composite() async throws {
    var body = BoxBody()
    body.fill(33..<40, 15..<24, 10..<20, 100)
    body.fill(8..<15, 15..<24, 10..<20, 200)
    let wanted = body.mask(of: 100).count + body.mask(of: 200).count
    body.fill(6..<9, 30..<33, 30..<33, 100)  // of the left kidney, on the right
    let result = try await ask(["kidneys"], body, steps: [.sides])
    #expect(result.queries[0].category == "kidneys")
    #expect(result.queries[0].mask?.count == wanted)
    #expect(result.queries[0].parts.filter(\.isPresent).count == 2)
    #expect(result.queries[0].steps.first?.note?.hasPrefix("left kidney") == true)
    #expect(Set(result.labels) == Set(try testVocabulary.get().parts(of: "kidneys")))
  }
}
