import Foundation
import NeuralGraph
import Testing

@testable import Training

extension TorchTests {
  /// Two parameters, one of which decays, with gradients a x + b.
  @Suite("Optimizer")
  struct OptimizerTests {
    static let slopes: [[Float]] = [[1, -2, 3, 0.5, 1, 1], [4, -1, 0.25]]
    static let offsets: [[Float]] = [[0.3, 1, -2, 0, 0.5, -0.1], [-1, 3, 0.5]]
    static let starts: [[Float]] = [[1, -1, 0.5, 2, -0.25, 0], [0.1, 0.2, -3]]
    static let shapes = [[2, 3], [3]]
    static let (rate, decay, limit) = (0.05, 0.1, 4.0)

    /// A parameter by hand, in double precision (arXiv 1711.05101, algorithm 2).
    struct Hand {
      var x: [[Double]] = starts.map { $0.map(Double.init) }
      var m: [[Double]] = starts.map { $0.map { _ in 0 } }
      var v: [[Double]] = starts.map { $0.map { _ in 0 } }
      var steps = 0

      mutating func step(scale: Double) -> Double {
        steps += 1
        var g: [[Double]] = x
        for p in x.indices {
          for i in x[p].indices {
            g[p][i] = scale * (Double(slopes[p][i]) * x[p][i] + Double(offsets[p][i]))
          }
        }
        let norm = g.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
        let clip = norm > limit ? limit / (norm + 1e-6) : 1
        for p in x.indices {
          for i in x[p].indices {
            let gradient = g[p][i] * clip
            m[p][i] = 0.9 * m[p][i] + 0.1 * gradient
            v[p][i] = 0.99 * v[p][i] + 0.01 * gradient * gradient
            let first = m[p][i] / (1 - pow(0.9, Double(steps)))
            let second = v[p][i] / (1 - pow(0.99, Double(steps)))
            if p == 0 { x[p][i] -= rate * decay * x[p][i] }
            x[p][i] -= rate * first / (second.squareRoot() + 1e-8)
          }
        }
        return norm
      }
    }

    /// The same by torch.
    struct Run {
      let executor: GraphExecutor
      let parameters: [TorchTensor]
      let optimizer: Optimizer

      init(_ values: [[Float]], rules: [Optimizer.Rule] = [.adamW, .adam]) throws {
        let builder = GraphBuilder()
        let s = builder.root
        let scale = try builder.input("scale", [])
        var total: Tensor?
        for p in values.indices {
          let x = try builder.input("x\(p)", shapes[p])
          let slope = try s.constant(slopes[p], shapes[p])
          let offset = try s.constant(offsets[p], shapes[p])
          let half = try s(.affine(factor: 0.5, offset: 0), s(.multiply, slope, s(.power(2), x)))
          let value = try s(
            .sum(axes: Array(shapes[p].indices), keep: false),
            s(.add, half, s(.multiply, offset, x)))
          total = try total.map { try s(.add, $0, value) } ?? value
        }
        try builder.output("loss", s(.multiply, #require(total), scale))
        executor = try GraphExecutor(builder.graph)
        parameters = try zip(values, shapes).map {
          try TorchTensor($0, shape: $1, requiresGradient: true)
        }
        optimizer = try Optimizer(parameters, rules: rules)
      }

      func step(scale: Float) throws -> Double? {
        let out = try executor.run([
          "x0": parameters[0], "x1": parameters[1], "scale": TorchTensor([scale], shape: []),
        ])
        try #require(out["loss"]).backward()
        return try optimizer.step(rate: rate, weightDecay: decay, maxNorm: limit)
      }

      func values() throws -> [[Float]] { try parameters.map { try $0.values() } }
    }

    @Test("steps as by hand, with clipping and decay")
    func equalsHand() throws {
      let run = try Run(Self.starts)
      var hand = Hand()
      var clipped: Set<Bool> = []
      for scale in [1, 0.1, 2, 0.3, 1] as [Float] {
        let norm = try #require(try run.step(scale: scale))
        let wanted = hand.step(scale: Double(scale))
        clipped.insert(wanted > Self.limit)
        #expect(abs(norm - wanted) < 1e-4 * wanted)
        for (got, by) in zip(try run.values().joined(), hand.x.joined()) {
          #expect(abs(Double(got) - by) < 2e-5)
        }
      }
      #expect(clipped == [true, false])
      for p in 0..<2 {
        let state = try run.optimizer.state(p)
        #expect(state.steps == 5)
        #expect(zip(state.m, hand.m[p]).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        #expect(zip(state.v, hand.v[p]).allSatisfy { abs(Double($0) - $1) < 1e-4 })
        #expect(try run.parameters[p].gradient().allSatisfy { $0 == 0 })
      }
    }

    @Test("Muon's steps are orthogonal matrices along the gradient, of AdamW's size")
    func orthogonal() throws {
      let run = try Run(Self.starts, rules: [.muon, .adam])
      _ = try run.step(scale: 0.1)
      let (before, after) = (Self.starts[0].map(Double.init), try run.values()[0].map(Double.init))
      let size = Self.rate * 0.2 * 3.0.squareRoot()
      let u = zip(before, after).map { ($0 * (1 - Self.rate * Self.decay) - $1) / size }
      // Its rows have about length 1 and are about square to each other.
      func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let (first, second) = (u[0..<3], u[3..<6])
      #expect(abs(dot(first, first) - 1) < 0.5 && abs(dot(second, second) - 1) < 0.5)
      #expect(abs(dot(first, second)) < 0.3)
      let gradient = zip(zip(Self.slopes[0], Self.starts[0]), Self.offsets[0]).map {
        Double($0.0 * $0.1 + $1)
      }
      // The inner product with the gradient is about its nuclear norm: the most there can be.
      let (a, b) = (gradient[0..<3], gradient[3..<6])
      let squares = dot(a, a) + dot(b, b)
      let area = (dot(a, a) * dot(b, b) - dot(a, b) * dot(a, b)).squareRoot()
      let nuclear = (squares + 2 * area).squareRoot()
      #expect(dot(u[...], gradient[...]) > 0.7 * nuclear)
      #expect(dot(u[...], gradient[...]) < 1.3 * nuclear)
    }

    @Test(
      "goes on bit for bit after its state was saved", arguments: [Optimizer.Rule.adamW, .muon])
    func continues(rule: Optimizer.Rule) throws {
      let rules = [rule, .adam]
      let whole = try Run(Self.starts, rules: rules)
      for _ in 0..<3 { _ = try whole.step(scale: 1) }
      let other = try Run(whole.values(), rules: rules)
      for p in 0..<2 {
        let state = try whole.optimizer.state(p)
        try other.optimizer.restore(p, m: state.m, v: state.v, steps: state.steps)
      }
      for scale in [1, 0.5, 2] as [Float] {
        let norms = [try whole.step(scale: scale), try other.step(scale: scale)]
        #expect(norms[0] == norms[1])
      }
      #expect(try whole.values() == other.values())
      // And it was needed: without its state it goes elsewhere.
      let forgetful = try Run(Self.starts, rules: rules)
      _ = try forgetful.step(scale: 1)
      #expect(try forgetful.values() != whole.values())
    }

    @Test(
      "leaves everything as it is where a gradient is not finite",
      arguments: [Float.infinity, .nan])
    func notFinite(scale: Float) throws {
      let run = try Run(Self.starts)
      #expect(try run.step(scale: scale) == nil)
      #expect(try run.values() == Self.starts)
      #expect(try run.optimizer.state(0).steps == 0)
      let fresh = try Run(Self.starts)
      #expect(try run.step(scale: 1) == fresh.step(scale: 1))
      #expect(try run.values() == fresh.values())
    }

    @Test("refuses a state of another size")
    func refuses() throws {
      let run = try Run(Self.starts)
      #expect(throws: TorchError.self) {
        try run.optimizer.restore(0, m: [1, 2], v: [1, 2], steps: 1)
      }
      #expect(throws: TorchError.self) {
        try run.optimizer.restore(0, m: [1, 2, 3, 4, 5, 6], v: [1], steps: 1)
      }
      #expect(throws: TorchError.self) { try Optimizer(run.parameters, rules: [.adamW]) }
    }
  }
}
