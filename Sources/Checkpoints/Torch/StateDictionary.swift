/// Finds the tensors by name in what a pickle made.
///
/// A checkpoint is a dictionary of tensors, or holds one (`{"model": …, "optimizer": …}`). The one with
/// most tensors is taken, at most `depth` dictionaries deep; of equals the first.
struct StateDictionary {
  private static let depth = 3
  private let machine: PickleMachine
  private var best: (count: Int, place: Int)?
  private var seen: Set<Int> = []

  static func find(
    _ root: PickleValue, _ machine: PickleMachine
  ) throws(CheckpointError) -> [String: CheckpointTensor] {
    guard case .dictionary(let place) = root else {
      throw CheckpointError(
        .kind,
        "it holds no dictionary of tensors: save one, torch.save(model.state_dict(), \"weights.pth\")"
      )
    }
    var search = StateDictionary(machine: machine)
    search.visit(place, depth: 0)
    guard let best = search.best else {
      throw CheckpointError(
        .kind, "no tensor is in it: save the weights, torch.save(model.state_dict(), …)")
    }
    return try search.tensors(best.place)
  }

  private init(machine: PickleMachine) { self.machine = machine }

  private mutating func visit(_ place: Int, depth: Int) {
    guard depth <= Self.depth, seen.insert(place).inserted else { return }
    let members = machine.containers[place]
    var count = 0
    var inner: [Int] = []
    for index in stride(from: 0, to: members.count - 1, by: 2) {
      guard case .string = members[index] else { continue }
      switch members[index + 1] {
      case .tensor: count += 1
      case .dictionary(let place): inner.append(place)
      default: break
      }
    }
    if count > best?.count ?? 0 { best = (count, place) }
    for place in inner { visit(place, depth: depth + 1) }
  }

  private func tensors(_ place: Int) throws(CheckpointError) -> [String: CheckpointTensor] {
    var result: [String: CheckpointTensor] = [:]
    let members = machine.containers[place]
    for index in stride(from: 0, to: members.count - 1, by: 2) {
      guard case .string(let name) = members[index], case .tensor(let at) = members[index + 1]
      else { continue }
      guard result.updateValue(machine.tensors[at], forKey: name) == nil else {
        throw .damaged(.pickle, "tensor \(name.prefix(200).debugDescription) stands twice")
      }
    }
    return result
  }
}
