import Foundation
import NeuralGraph
import OpenVINORuntime

/// A network that several requests run at a time: what they ask shares a batch.
///
/// Who asks while all streams are busy waits, and what has gathered by then goes out together: a request
/// never waits for others to come, only for those that run (their time is the bound). Batches have fixed
/// sizes, the smallest that holds what waits; what is left over repeats the last item. Within a size an
/// item's answer is the same bit for bit, whatever stands beside it; across sizes a kernel may add in
/// another order.
// What is mutable lies under `condition`; an idle stream's requests belong to whoever took it.
final class BatchedModel: @unchecked Sendable {
  /// One item's inputs or outputs by name, each with a first axis of 1.
  typealias Values = [String: TensorValue]

  /// Called with the number of items of each batch that ran.
  typealias Observer = @Sendable (Int) -> Void

  private final class Ticket {
    let items: [Values]
    var answers: [Values?]
    /// Items that are not in a batch yet begin here.
    var next = 0
    var missing: Int
    var failure: OpenVINOError?
    init(_ items: [Values]) {
      self.items = items
      answers = [Values?](repeating: nil, count: items.count)
      missing = items.count
    }
  }

  /// A request for each size.
  private struct Stream { var requests: [Int: InferRequest] }

  private let sizes: [Int]
  private let condition = NSCondition()
  private var idle: [Stream]
  private var waiting: [Ticket] = []
  private let observe: Observer

  /// Compiles the network for each size. Blocks for seconds.
  ///
  /// - Parameters:
  ///   - graph: of a batch of that many items.
  ///   - sizes: ascending, from 1.
  ///   - streams: batches that run side by side.
  init(
    sizes: [Int], streams: Int, weights: [String: (shape: [Int], values: [Float])],
    options: CompileOptions, observe: @escaping Observer = { _ in },
    graph: (Int) throws -> Graph
  ) throws {
    self.sizes = sizes
    self.observe = observe
    var options = options
    options.streams = streams
    let runtime = try OpenVINO.load()
    var models: [Int: CompiledModel] = [:]
    for size in sizes {
      models[size] = try runtime.compile(graph(size), weights: weights, options: options)
    }
    idle = try (0..<streams).map { _ in
      Stream(requests: try models.mapValues { try $0.makeRequest() })
    }
  }

  /// A model that is compiled already, for one item at a time.
  init(_ model: CompiledModel, streams: Int) throws {
    sizes = [1]
    observe = { _ in }
    idle = try (0..<max(1, streams)).map { _ in Stream(requests: [1: try model.makeRequest()]) }
  }

  /// Runs items, in batches with what others ask. Blocks: never call from Swift's cooperative threads.
  ///
  /// - Returns: the outputs of each item.
  /// - Throws: `OpenVINOError`, where a batch that held one of the items failed.
  func infer(_ items: [Values]) throws(OpenVINOError) -> [Values] {
    guard !items.isEmpty else { return [] }
    let ticket = Ticket(items)
    condition.lock()
    waiting.append(ticket)
    while ticket.missing > 0 {
      if !waiting.isEmpty, let stream = idle.popLast() {
        run(on: stream)
      } else {
        condition.wait()
      }
    }
    condition.unlock()
    if let failure = ticket.failure { throw failure }
    return ticket.answers.compactMap { $0 }
  }

  func infer(_ item: Values) throws(OpenVINOError) -> Values {
    guard let only = try infer([item]).first else {
      throw OpenVINOError(.inference, "a batch gave nothing")
    }
    return only
  }

  /// Takes what waits, as far as one batch holds it, and runs it. Called, and returns, under the lock.
  private func run(on stream: Stream) {
    let most = sizes.last ?? 1
    var batch: [(ticket: Ticket, item: Int)] = []
    while batch.count < most, let first = waiting.first {
      while batch.count < most, first.next < first.items.count {
        batch.append((first, first.next))
        first.next += 1
      }
      if first.next == first.items.count { waiting.removeFirst() }
    }
    condition.unlock()
    let outcome = Result { () throws(OpenVINOError) in
      try answer(batch.map { $0.ticket.items[$0.item] }, on: stream)
    }
    observe(batch.count)
    condition.lock()
    for (n, (ticket, item)) in batch.enumerated() {
      switch outcome {
      case .success(let answers): ticket.answers[item] = answers[n]
      case .failure(let error): ticket.failure = error
      }
      ticket.missing -= 1
    }
    idle.append(stream)
    condition.broadcast()
  }

  private func answer(
    _ items: [Values], on stream: Stream
  ) throws(OpenVINOError) -> [Values] {
    guard let size = sizes.first(where: { $0 >= items.count }), let request = stream.requests[size]
    else { throw OpenVINOError(.inference, "a batch of \(items.count) was not compiled") }
    if size == 1 { return [try request.infer(inputs: items[0])] }
    let padded = items + [Values](repeating: items[items.count - 1], count: size - items.count)
    var inputs: Values = [:]
    for name in items[0].keys {
      guard let joined = TensorValue(joining: padded.map { $0[name] }) else {
        throw OpenVINOError(.input, "the input \"\(name)\" differs in shape within a batch")
      }
      inputs[name] = joined
    }
    let outputs = try request.infer(inputs: inputs)
    var answers = [Values](repeating: [:], count: items.count)
    for (name, value) in outputs {
      guard let parts = value.parts(size) else {
        throw OpenVINOError(.inference, "the output \"\(name)\" is not a batch")
      }
      for n in items.indices { answers[n][name] = parts[n] }
    }
    return answers
  }
}

extension TensorValue {
  /// Tensors of 32-bit floating-point numbers with a first axis of 1, one behind another.
  fileprivate init?(joining values: [TensorValue?]) {
    guard let shape = values.first??.shape, shape.first == 1 else { return nil }
    var all: [Float] = []
    all.reserveCapacity(shape.reduce(values.count, *))
    for value in values {
      guard let value, value.shape == shape, let floats = value.floats else { return nil }
      all += floats
    }
    self.init(all, shape: [values.count] + shape.dropFirst())
  }

  /// The reverse.
  fileprivate func parts(_ count: Int) -> [TensorValue]? {
    guard shape.first == count, let floats else { return nil }
    let each = floats.count / count
    return (0..<count).map {
      TensorValue(Array(floats[$0 * each..<($0 + 1) * each]), shape: [1] + shape.dropFirst())
    }
  }
}
