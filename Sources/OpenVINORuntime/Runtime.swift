import COpenVINO
import Synchronization

/// OpenVINO, opened at run time.
public enum OpenVINO {
  private static let loaded = Mutex<Runtime?>(nil)

  /// The process's one OpenVINO runtime; opened at the first call.
  ///
  /// - Throws: `OpenVINOError` `.missing` or `.incompatible`, saying how to get a library that fits.
  public static func load() throws(OpenVINOError) -> Runtime {
    try loaded.withLock { runtime throws(OpenVINOError) in
      if let runtime { return runtime }
      let opened = try Runtime(directory: LibraryLocation.find())
      runtime = opened
      return opened
    }
  }
}

/// What runs the models.
public struct RuntimeInfo: Sendable, Hashable {
  /// OpenVINO's version, such as `2026.4.1-22982-…`.
  public let version: String
  /// The CPU's name.
  public let device: String
  /// The directory of the libraries in use.
  public let directory: String
  /// Whether the CPU multiplies bfloat16 in hardware.
  public let hasBFloat16: Bool
}

/// The opened library with its core; owns the core.
///
/// Calls block, compiling for seconds: never call from Swift's cooperative threads.
// OpenVINO's core is documented to be thread-safe, and the pointers never change after `init`.
public final class Runtime: @unchecked Sendable {
  let api: segsam_ov_api
  private let core: OpaquePointer
  public let info: RuntimeInfo

  init(directory: String) throws(OpenVINOError) {
    var api = segsam_ov_api()
    var message = [CChar](repeating: 0, count: 1024)
    guard segsam_ov_open(directory, &api, &message, message.count) == 0 else {
      let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      throw OpenVINOError(
        .incompatible, "OpenVINO in \(directory) cannot be used: \(text); run ./bootstrap")
    }
    var core: OpaquePointer?
    guard api.core_create(&core) == 0, let core else {
      throw OpenVINOError(.incompatible, "OpenVINO in \(directory) does not start")
    }
    self.api = api
    self.core = core
    var version = ov_version_t()
    var build = "unknown"
    if api.get_openvino_version(&version) == 0 {
      if let number = version.buildNumber { build = String(cString: number) }
      api.version_free(&version)
    }
    var name: UnsafeMutablePointer<CChar>?
    var device = "unknown"
    if api.core_get_property(core, "CPU", "FULL_DEVICE_NAME", &name) == 0, let name {
      device = String(cString: name)
      api.free(name)
    }
    info = RuntimeInfo(
      version: build, device: device, directory: directory,
      hasBFloat16: segsam_ov_cpu_has_bf16())
  }

  deinit { api.core_free(core) }

  /// Reads and compiles a model for this CPU.
  ///
  /// - Parameters:
  ///   - source: the model, in memory or in a file.
  ///   - names: how its inputs and outputs are called, in the model's order; by default as OpenVINO
  ///     reports them (a value that is passed through unchanged has several names there).
  /// - Throws: `OpenVINOError` `.model` with OpenVINO's reason.
  public func compile(
    _ source: ModelSource, options: CompileOptions = CompileOptions(),
    names: (inputs: [String], outputs: [String])? = nil
  ) throws(OpenVINOError) -> CompiledModel {
    var model: OpaquePointer?
    let status: Int32
    switch source {
    case .onnx(let bytes):
      guard !bytes.isEmpty else { throw OpenVINOError(.model, "the model is empty") }
      status = bytes.withUnsafeBytes {
        api.core_read_model_from_memory_buffer(
          core, $0.bindMemory(to: CChar.self).baseAddress, $0.count, nil, &model)
      }
    case .file(let path):
      status = api.core_read_model(core, path, nil, &model)
    }
    guard status == 0, let model else {
      throw OpenVINOError(.model, "the model cannot be read: \(reason(status))")
    }
    defer { api.model_free(model) }
    let compiled = try options.withProperties(hasBFloat16: info.hasBFloat16) {
      properties throws(OpenVINOError) in
      var compiled: OpaquePointer?
      let status = api.core_compile_model_props(
        core, model, "CPU", properties.count, properties, &compiled)
      guard status == 0, let compiled else {
        throw OpenVINOError(.model, "the model cannot be compiled: \(reason(status))")
      }
      return compiled
    }
    return try CompiledModel(runtime: self, handle: compiled, names: names)
  }

  /// OpenVINO's own words for what went wrong last, cut to a readable length.
  func reason(_ status: Int32) -> String {
    let general = api.get_error_info(status).map { String(cString: $0) } ?? "status \(status)"
    guard let last = api.get_last_err_msg().map({ String(cString: $0) }), !last.isEmpty else {
      return general
    }
    return "\(general): \(last.prefix(1500))"
  }
}
