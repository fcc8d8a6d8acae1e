import CTorch

/// Steps parameters, each by its rule, with the gradients' joint norm clipped.
public final class Optimizer {
  /// How one parameter is stepped.
  public enum Rule: Sendable {
    /// Adam without decay: norms, biases, embeddings.
    case adam
    /// AdamW (arXiv 1711.05101): decoupled weight decay.
    case adamW
    /// Muon (Jordan et al. 2024) with decoupled weight decay and steps of AdamW's size (arXiv
    /// 2502.16982): for matrices and kernels, `[out, …]`.
    case muon

    var code: UInt8 {
      switch self {
      case .adam: UInt8(CT_ADAM.rawValue)
      case .adamW: UInt8(CT_ADAMW.rawValue)
      case .muon: UInt8(CT_MUON.rawValue)
      }
    }
  }

  private let handle: OpaquePointer
  private let parameters: [TorchTensor]

  /// - Parameter rules: of each parameter.
  public init(_ parameters: [TorchTensor], rules: [Rule]) throws(TorchError) {
    guard parameters.count == rules.count else {
      throw TorchError(
        doing: "making the optimiser",
        reason: "\(rules.count) rules for \(parameters.count) parameters")
    }
    self.parameters = parameters
    let handles = parameters.map { Optional($0.handle) }
    guard
      let made = ct_optimizer_make(handles, rules.map(\.code), Int32(parameters.count))
    else { throw .last("making the optimiser") }
    handle = made
  }

  deinit { ct_optimizer_free(handle) }

  /// Steps and clears the gradients.
  ///
  /// - Returns: the gradients' norm before clipping, or nil where one was not finite and nothing
  ///   was changed.
  public func step(
    rate: Double, weightDecay: Double, maxNorm: Double, beta1: Double = 0.9, beta2: Double = 0.99
  ) throws(TorchError) -> Double? {
    let norm = ct_optimizer_step(handle, rate, beta1, beta2, 1e-8, weightDecay, maxNorm)
    if norm.isNaN { return nil }
    guard norm >= 0 else { throw .last("the optimiser's step") }
    return norm
  }

  /// The moments of parameter `index`, and the number of steps taken.
  public func state(_ index: Int) throws(TorchError) -> (m: [Float], v: [Float], steps: Int) {
    var m = [Float](repeating: 0, count: parameters[index].count)
    var v = m
    var steps: Int64 = 0
    guard ct_optimizer_read(handle, Int32(index), &m, &v, m.count, &steps) == 0 else {
      throw .last("reading the optimiser")
    }
    return (m, v, Int(steps))
  }

  /// Takes up a state that was saved.
  public func restore(_ index: Int, m: [Float], v: [Float], steps: Int) throws(TorchError) {
    guard m.count == v.count else {
      throw TorchError(
        doing: "restoring the optimiser", reason: "\(m.count) first moments, \(v.count) second")
    }
    guard ct_optimizer_write(handle, Int32(index), m, v, m.count, Int64(steps)) == 0 else {
      throw .last("restoring the optimiser")
    }
  }
}
