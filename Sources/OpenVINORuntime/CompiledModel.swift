import COpenVINO

/// A model ready to run; owns OpenVINO's handle.
// Its handle never changes after `init`, and OpenVINO's compiled models are thread-safe.
public final class CompiledModel: @unchecked Sendable {
  let runtime: Runtime
  private let handle: OpaquePointer
  public let inputs: [Port]
  public let outputs: [Port]

  /// Takes the handle over, also when it throws.
  init(
    runtime: Runtime, handle: OpaquePointer, names: (inputs: [String], outputs: [String])?
  ) throws(OpenVINOError) {
    self.runtime = runtime
    self.handle = handle
    let api = runtime.api
    do {
      inputs = try Self.ports(
        api, handle, api.compiled_model_inputs_size, api.compiled_model_input_by_index,
        names: names?.inputs)
      outputs = try Self.ports(
        api, handle, api.compiled_model_outputs_size, api.compiled_model_output_by_index,
        names: names?.outputs)
    } catch {
      // A class that throws in its initialiser once all is set would be torn down by `deinit`;
      // here some properties are not set yet, so that `deinit` does not run.
      api.compiled_model_free(handle)
      throw error
    }
  }

  deinit { runtime.api.compiled_model_free(handle) }

  /// A request, which runs the model once at a time; several run side by side.
  ///
  /// - Throws: `OpenVINOError` `.inference`.
  public func makeRequest() throws(OpenVINOError) -> InferRequest {
    var request: OpaquePointer?
    let status = runtime.api.compiled_model_create_infer_request(handle, &request)
    guard status == 0, let request else {
      throw OpenVINOError(.inference, "no request: \(runtime.reason(status))")
    }
    return InferRequest(model: self, handle: request)
  }

  /// A property of the compiled model, such as `INFERENCE_PRECISION_HINT` or `LOADED_FROM_CACHE`.
  public func property(_ key: String) -> String? {
    var value: UnsafeMutablePointer<CChar>?
    guard runtime.api.compiled_model_get_property(handle, key, &value) == 0, let value else {
      return nil
    }
    defer { runtime.api.free(value) }
    return String(cString: value)
  }

  private static func ports(
    _ api: segsam_ov_api, _ handle: OpaquePointer,
    _ count: (OpaquePointer?, UnsafeMutablePointer<Int>?) -> Int32,
    _ at: (OpaquePointer?, Int, UnsafeMutablePointer<OpaquePointer?>?) -> Int32,
    names: [String]?
  ) throws(OpenVINOError) -> [Port] {
    var n = 0
    guard count(handle, &n) == 0 else { throw OpenVINOError(.model, "no ports") }
    if let names, names.count != n {
      throw OpenVINOError(.model, "the model has \(n) ports, \(names.count) names were given")
    }
    var result: [Port] = []
    for i in 0..<n {
      var port: OpaquePointer?
      guard at(handle, i, &port) == 0, let port else {
        throw OpenVINOError(.model, "port \(i) cannot be read")
      }
      defer { api.output_const_port_free(port) }
      var name: UnsafeMutablePointer<CChar>?
      var called = "\(i)"
      if api.port_get_any_name(port, &name) == 0, let name {
        called = String(cString: name)
        api.free(name)
      }
      var type: Int32 = 0
      guard api.port_get_element_type(port, &type) == 0 else {
        throw OpenVINOError(.model, "port \(called) has no element type")
      }
      var shape = ov_shape_t()
      var extents: [Int]?
      // Fails where the shape is open: then it is known only after a run.
      if api.const_port_get_shape(port, &shape) == 0 {
        extents = (0..<Int(shape.rank)).map { Int(shape.dims[$0]) }
        _ = api.shape_free(&shape)
      }
      result.append(
        Port(name: names?[i] ?? called, shape: extents, element: Port.Element(code: type)))
    }
    return result
  }
}

extension Port.Element {
  init(code: Int32) {
    switch Int(code) {
    case Int(SEGSAM_OV_F32): self = .float32
    case Int(SEGSAM_OV_I32): self = .int32
    case Int(SEGSAM_OV_I64): self = .int64
    case Int(SEGSAM_OV_U8): self = .uint8
    case Int(SEGSAM_OV_BOOLEAN): self = .boolean
    default: self = .other(Int(code))
    }
  }

  var code: Int32 {
    switch self {
    case .float32: Int32(SEGSAM_OV_F32)
    case .int32: Int32(SEGSAM_OV_I32)
    case .int64: Int32(SEGSAM_OV_I64)
    case .uint8: Int32(SEGSAM_OV_U8)
    case .boolean: Int32(SEGSAM_OV_BOOLEAN)
    case .other(let number): Int32(truncatingIfNeeded: number)
    }
  }
}
