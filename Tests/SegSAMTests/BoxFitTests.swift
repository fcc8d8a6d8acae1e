import Imaging
import Testing

@testable import SegSAM

@Suite("A mask that reaches its box's sides")
struct BoxFitTests {
  private let width = 20, height = 10

  private func run(_ lower: [Double], _ upper: [Double]) -> QueryRun {
    var run = QueryRun(clicks: [])
    (run.lower, run.upper) = (lower, upper)
    return run
  }

  private func fit(_ run: QueryRun) -> BoxFit? { BoxFit(run, width: width, height: height) }

  /// Logits that fall by one a pixel from (10, 5), where they are `peak`.
  private func cone(_ peak: Float) -> [Float] {
    (0..<width * height).map { n in
      let (dx, dy) = (Float(n % width) - 10, Float(n / width) - 5)
      return peak - (dx * dx + dy * dy).squareRoot()
    }
  }

  private func extent(_ logits: [Float]) -> (across: Int, down: Int) {
    let set = logits.indices.filter { logits[$0] > 0 }
    return (Set(set.map { $0 % width }).count, Set(set.map { $0 / width }).count)
  }

  @Test("logits that are too low for the box are raised until they fill its rows and columns")
  func raises() throws {
    let fit = try #require(self.fit(run([6, 2, 0], [15, 9, 1])))
    var logits = cone(1)
    fit.fit(&logits, width: width)
    let (across, down) = extent(logits)
    // 85 % of 9 columns and of 7 rows at least, and not much more.
    #expect((8...9).contains(across) && (7...9).contains(down))
  }

  @Test("a mask that fills its box is raised by nothing")
  func leaves() throws {
    let fit = try #require(self.fit(run([8, 3, 0], [13, 8, 1])))
    #expect(fit.missing(cone(6), width: width) == 0)
    #expect(fit.missing(cone(1), width: width) > 0)
  }

  @Test("what is nowhere near a mask is raised by no more than the bound")
  func bounded() throws {
    let fit = try #require(self.fit(run([6, 2, 0], [15, 9, 1])))
    let nothing = [Float](repeating: -50, count: width * height)
    #expect(fit.missing(nothing, width: width) == BoxFit.most)
    var logits = nothing
    fit.fit(&logits, width: width)
    #expect(logits.allSatisfy { $0 < 0 })
  }

  @Test("where the network says nothing, the ellipse in the box is drawn")
  func ellipse() throws {
    let fit = try #require(self.fit(run([4, 1, 0], [14, 9, 1])))
    var logits = [Float](repeating: 0, count: width * height)
    fit.fit(&logits, width: width)
    for y in 0..<height {
      for x in 0..<width {
        let (dx, dy) = ((Float(x) - 8.5) / 5, (Float(y) - 4.5) / 4)
        #expect((logits[y * width + x] > 0) == (dx * dx + dy * dy < 1))
      }
    }
    // As deep outside as it is high within.
    #expect(abs(logits[0] + BoxFit.ellipse) < 1e-6)
  }

  @Test("a box that lies half outside counts as far as the slice goes")
  func outside() throws {
    let fit = try #require(self.fit(run([-5, -5, 0], [4, 40, 1])))
    #expect(fit.columns == 0..<4 && fit.rows == 0..<10)
    let thin = try #require(self.fit(run([19.7, 9.8, 0], [30, 30, 1])))
    #expect(thin.columns == 19..<20 && thin.rows == 9..<10)
  }

  @Test("boxes over several slices, of composites, and beside masks or negative clicks are silent")
  func silent() throws {
    #expect(fit(run([2, 2, 0], [5, 5, 3])) == nil)
    #expect(fit(QueryRun(clicks: [])) == nil)
    var composite = run([2, 2, 0], [5, 5, 1])
    composite.fitsBox = false
    #expect(fit(composite) == nil)
    var clicked = run([2, 2, 0], [5, 5, 1])
    clicked.clicks = [.init(at: [3, 3, 0], isPositive: true)]
    #expect(fit(clicked) != nil)
    clicked.clicks.append(.init(at: [4, 4, 0], isPositive: false))
    #expect(fit(clicked) == nil)
    let image = MedicalImage(
      width: width, height: height, samples: [Float](repeating: 0, count: width * height))
    var masked = run([2, 2, 0], [5, 5, 1])
    masked.prior = try MaskPrior(
      MaskPrompt(BinaryMask(width: width, height: height)), image: image,
      view: AxialView(image))
    #expect(fit(masked) == nil)
  }
}
