import COpenVINO
import Synchronization

/// Runs a compiled model; owns OpenVINO's request.
///
/// A second caller waits until the first run is over. Calls block: never call from Swift's
/// cooperative threads.
// The handle never changes, and `running` lets one thread at a time use it.
public final class InferRequest: @unchecked Sendable {
  private let model: CompiledModel
  private let handle: OpaquePointer
  private let running = Mutex<Void>(())

  init(model: CompiledModel, handle: OpaquePointer) {
    self.model = model
    self.handle = handle
  }

  deinit { model.runtime.api.infer_request_free(handle) }

  /// Runs the model once.
  ///
  /// - Parameter inputs: every input by its name, of the model's shape and element type. They are
  ///   read where they lie, not copied.
  /// - Returns: every output by its name.
  /// - Throws: `OpenVINOError` `.input` naming what does not fit, `.inference` if the run fails.
  public func infer(
    inputs: [String: TensorValue]
  ) throws(OpenVINOError) -> [String: TensorValue] {
    for name in inputs.keys where !model.inputs.contains(where: { $0.name == name }) {
      throw OpenVINOError(
        .input, "the model has no input \"\(name)\", only \(model.inputs.map(\.name))")
    }
    var ordered: [TensorValue] = []
    for port in model.inputs {
      guard let value = inputs[port.name] else {
        throw OpenVINOError(.input, "the input \"\(port.name)\" is missing")
      }
      try check(value, port)
      ordered.append(value)
    }
    return try running.withLock { _ throws(OpenVINOError) in try run(ordered[...], at: 0) }
  }

  private func check(_ value: TensorValue, _ port: Port) throws(OpenVINOError) {
    var product = 1
    for n in value.shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: n)
      guard n > 0, !overflow else {
        throw OpenVINOError(.input, "the input \"\(port.name)\" has shape \(value.shape)")
      }
      product = next
    }
    guard value.count == product, port.shape == nil || port.shape == value.shape else {
      throw OpenVINOError(
        .input,
        "the input \"\(port.name)\" has shape \(value.shape) and \(value.count) elements;"
          + " the model takes \(port.shape.map(String.init(describing:)) ?? "that shape")")
    }
    switch (port.element, value.elements) {
    case (.float32, .float), (.int64, .int64), (.int32, .int32), (.uint8, .uint8),
      (.boolean, .uint8):
      break
    default:
      throw OpenVINOError(.input, "the input \"\(port.name)\" must be of \(port.element)")
    }
  }

  /// Binds the inputs one inside the other, so that all stay in place during the run.
  private func run(
    _ inputs: ArraySlice<TensorValue>, at index: Int
  ) throws(OpenVINOError) -> [String: TensorValue] {
    guard let value = inputs.first else { return try run() }
    let outcome = value.withBytes { bytes -> Result<[String: TensorValue], OpenVINOError> in
      Result { () throws(OpenVINOError) in
        try bind(bytes, value.shape, at: index)
        return try run(inputs.dropFirst(), at: index + 1)
      }
    }
    return try outcome.get()
  }

  private func bind(
    _ bytes: UnsafeRawBufferPointer, _ shape: [Int], at index: Int
  ) throws(OpenVINOError) {
    let api = model.runtime.api
    var extents = ov_shape_t()
    var tensor: OpaquePointer?
    var status = api.shape_create(Int64(shape.count), shape.map(Int64.init), &extents)
    if status == 0 {
      status = api.tensor_create_from_host_ptr(
        model.inputs[index].element.code, extents,
        UnsafeMutableRawPointer(mutating: bytes.baseAddress), &tensor)
      _ = api.shape_free(&extents)
    }
    if status == 0, let tensor {
      status = api.infer_request_set_input_tensor_by_index(handle, index, tensor)
      api.tensor_free(tensor)
    }
    guard status == 0 else {
      throw OpenVINOError(
        .input, "the input \"\(model.inputs[index].name)\": \(model.runtime.reason(status))")
    }
  }

  private func run() throws(OpenVINOError) -> [String: TensorValue] {
    let api = model.runtime.api
    let status = api.infer_request_infer(handle)
    guard status == 0 else {
      throw OpenVINOError(.inference, "the run failed: \(model.runtime.reason(status))")
    }
    var result: [String: TensorValue] = [:]
    for (index, port) in model.outputs.enumerated() {
      var tensor: OpaquePointer?
      let status = api.infer_request_get_output_tensor_by_index(handle, index, &tensor)
      guard status == 0, let tensor else {
        throw OpenVINOError(.inference, "no output: \(model.runtime.reason(status))")
      }
      defer { api.tensor_free(tensor) }
      result[port.name] = try read(tensor, port)
    }
    return result
  }

  /// Copies an output: OpenVINO reuses its memory in the next run.
  private func read(_ tensor: OpaquePointer, _ port: Port) throws(OpenVINOError) -> TensorValue {
    let api = model.runtime.api
    var extents = ov_shape_t()
    var count = 0
    var data: UnsafeMutableRawPointer?
    var type: Int32 = 0
    guard api.tensor_get_shape(tensor, &extents) == 0 else {
      throw OpenVINOError(.inference, "the output \"\(port.name)\" has no shape")
    }
    let shape = (0..<Int(extents.rank)).map { Int(extents.dims[$0]) }
    _ = api.shape_free(&extents)
    guard api.tensor_get_byte_size(tensor, &count) == 0, api.tensor_data(tensor, &data) == 0,
      api.tensor_get_element_type(tensor, &type) == 0
    else { throw OpenVINOError(.inference, "the output \"\(port.name)\" cannot be read") }
    let bytes = UnsafeRawBufferPointer(start: data, count: count)
    switch Port.Element(code: type) {
    case .float32:
      return TensorValue(shape: shape, elements: .float(Array(bytes.bindMemory(to: Float.self))))
    case .int64:
      return TensorValue(shape: shape, elements: .int64(Array(bytes.bindMemory(to: Int64.self))))
    case .int32:
      return TensorValue(shape: shape, elements: .int32(Array(bytes.bindMemory(to: Int32.self))))
    case .uint8, .boolean:
      return TensorValue(shape: shape, elements: .uint8(Array(bytes)))
    case .other(let number):
      throw OpenVINOError(
        .inference, "the output \"\(port.name)\" has element type \(number), which is not carried")
    }
  }
}
