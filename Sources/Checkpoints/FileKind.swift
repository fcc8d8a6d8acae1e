import Foundation

/// Tells by its first bytes what a file is, so that what is no checkpoint gets an answer that helps.
enum FileKind {
  static func find(
    path: String, limits: CheckpointLimits
  ) throws(CheckpointError) -> (kind: Checkpoint.Kind, bytes: Int) {
    let (head, size) = try start(of: path)
    guard size <= limits.fileBytes else {
      throw CheckpointError(.limit, "\(size) bytes, at most \(limits.fileBytes) are read")
    }
    guard size > 0 else { throw .damaged(.kind, "the file is empty") }
    if head.starts(with: Array("PK".utf8)) { return (.zip, size) }
    if head.count > 8, head[8] == UInt8(ascii: "{"), head[6] == 0, head[7] == 0 {
      return (.safetensors, size)
    }
    if head.count > 1, head[0] == 0x80, (2...5).contains(head[1]) { return (.legacy, size) }
    throw CheckpointError(.kind, reason(head))
  }

  private static func reason(_ head: [UInt8]) -> String {
    let text = String(decoding: head, as: UTF8.self).lowercased()
    if text.hasPrefix("version https://git-lfs") {
      return "a Git LFS pointer, not the weights themselves: run git lfs pull"
    }
    if text.contains("<html") || text.contains("<!doctype") {
      return "a web page, not weights: the download went wrong, fetch the file itself"
    }
    if head.starts(with: [0x1f, 0x8b]) { return "gzipped: unpack it first (gunzip)" }
    if head.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return "an HDF5 file: convert the weights to safetensors first"
    }
    let convert =
      "PyTorch's .pth, .pt and .bin, and .safetensors are read; convert others to safetensors"
    return "not a checkpoint that is known here: \(convert)"
  }

  /// The first bytes and the size of a regular file.
  private static func start(of path: String) throws(CheckpointError) -> ([UInt8], Int) {
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: real) else {
      throw CheckpointError(.file, "no such file, or it may not be read: check the path")
    }
    switch attributes[.type] as? FileAttributeType {
    case .typeRegular?: break
    case .typeDirectory?:
      throw CheckpointError(
        .file, "a folder: name the file in it (model.safetensors, pytorch_model.bin)")
    default: throw CheckpointError(.file, "not a regular file: copy it to one first")
    }
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      let head = try file.read(upToCount: 512) ?? Data()
      return (Array(head), (attributes[.size] as? NSNumber)?.intValue ?? 0)
    } catch {
      throw CheckpointError(.file, "it cannot be read: \(error.localizedDescription)")
    }
  }
}
