import Foundation
import NeuralGraph

/// Somebody else's weights: named tensors in a PyTorch or safetensors file.
///
/// Opening reads what describes the tensors and checks it against the file; the numbers are read one
/// tensor at a time. A pickle is interpreted by a machine of our own that knows dictionaries, tensors
/// and little else: no code of the file is ever run.
///
/// Formats: PyTorch's zip archives (1.6 and later) and its older files of consecutive pickles, as
/// documented in `torch.serialization`; safetensors.
public struct Checkpoint: Sendable {
  public enum Kind: String, Sendable, Hashable {
    case zip = "PyTorch zip archive"
    case legacy = "PyTorch file from before 1.6"
    case safetensors
  }

  public let path: String
  public let kind: Kind
  /// By name. Of a file with several dictionaries of tensors (weights, optimizer), the one with most.
  public let tensors: [String: CheckpointTensor]
  private let numbers: Numbers

  private enum Numbers: Sendable {
    case safetensors(SafetensorsFile)
    case storages(any TensorStorages)
  }

  /// - Throws: `CheckpointError` that names the file, says what is wrong with it and what to do.
  public init(
    path: String, limits: CheckpointLimits = .standard
  ) throws(CheckpointError) {
    do throws(CheckpointError) {
      let found = try FileKind.find(path: path, limits: limits)
      kind = found.kind
      switch kind {
      case .zip:
        let archive = try TorchArchive(path: path, fileBytes: found.bytes, limits: limits)
        (tensors, numbers) = (archive.tensors, .storages(archive.storages))
      case .legacy:
        let file = try TorchLegacyFile(path: path, limits: limits)
        (tensors, numbers) = (file.tensors, .storages(file.storages))
      case .safetensors:
        let file = try Self.safetensors(path)
        guard file.entries.count <= limits.tensors else {
          throw CheckpointError(
            .limit, "\(file.entries.count) tensors, at most \(limits.tensors) are read")
        }
        tensors = file.entries.mapValues { entry in
          CheckpointTensor(
            type: entry.type, shape: entry.shape, count: entry.count, placement: nil)
        }
        numbers = .safetensors(file)
      }
    } catch {
      throw CheckpointError(error.code, "\(path): \(error.message)")
    }
    self.path = path
  }

  /// The names of the tensors, in order.
  public var names: [String] { tensors.keys.sorted() }

  /// A tensor's numbers in row-major order, whatever their type and strides in the file. Integers
  /// beyond 2²⁴ are rounded.
  ///
  /// - Throws: `.missing`, or what reading its storage finds.
  public func floats(_ name: String) throws(CheckpointError) -> [Float] {
    guard let tensor = tensors[name] else {
      throw CheckpointError(.missing, "\(path) has no tensor \"\(name)\"")
    }
    do throws(CheckpointError) {
      switch numbers {
      case .safetensors(let file): return try Self.floats(name, tensor, file)
      case .storages(let storages):
        guard let placement = tensor.placement else { return [] }
        let bytes = try storages.bytes(of: placement.storage, count: placement.storageBytes)
        return StridedReading(tensor: tensor, placement: placement).floats(in: bytes)
      }
    } catch {
      throw CheckpointError(error.code, "\(path), tensor \"\(name)\": \(error.message)")
    }
  }

  private static func safetensors(_ path: String) throws(CheckpointError) -> SafetensorsFile {
    do {
      return try SafetensorsFile(path: path)
    } catch {
      // The path is added to every message here.
      let reason =
        error.message.hasPrefix("\(path): ")
        ? String(error.message.dropFirst(path.count + 2)) : error.message
      throw error.code == .file
        ? CheckpointError(.file, reason) : .damaged(.tensor, reason)
    }
  }

  private static func floats(
    _ name: String, _ tensor: CheckpointTensor, _ file: SafetensorsFile
  ) throws(CheckpointError) -> [Float] {
    do {
      switch tensor.type {
      case .f64, .f32, .f16, .bf16: return try file.floats(name).values
      default: return try file.integers(name).values.map(Float.init)
      }
    } catch {
      throw CheckpointError(.tensor, error.message)
    }
  }
}
