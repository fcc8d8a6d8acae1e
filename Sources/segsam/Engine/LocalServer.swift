import Foundation
import Logging
import SegSAM
import Server
import Vocabulary

/// A server inside this process, for commands that need no other: the answers of `--local` are
/// those of a server, bit for bit, since one gives them.
struct LocalServer: Sendable {
  enum Transport: Sendable {
    /// A socket in a folder that only this user enters.
    case file
    /// Loopback, on free ports.
    case loopback
  }

  let endpoints: SegmentService.Endpoints
  private let service: SegmentService
  private let folder: URL?

  static func start(
    _ model: LoadedModel, over transport: Transport = .file
  ) async throws -> LocalServer {
    var configuration = SegmentService.Configuration()
    // One user, and the memory is theirs: what fits in it may be asked.
    configuration.budget.maskElements = 1 << 33
    configuration.budget.replyBytes = 2 << 30
    configuration.budget.queuedBytes = 2 << 30
    var folder: URL?
    switch transport {
    case .loopback:
      configuration.bind = "tcp://127.0.0.1:*"
      configuration.publish = "tcp://127.0.0.1:*"
    case .file:
      let made = try privateFolder()
      configuration.bind = "ipc://\(made.path)/requests"
      configuration.publish = "ipc://\(made.path)/stream"
      folder = made
    }
    var logger = Logger(label: "segsam")
    logger.logLevel = .warning
    let service = SegmentService(
      configuration: configuration, engine: model.engine, vocabulary: model.vocabulary,
      logger: logger)
    do {
      let endpoints = try await service.start()
      return LocalServer(endpoints: endpoints, service: service, folder: folder)
    } catch {
      if let folder { try? FileManager.default.removeItem(at: folder) }
      throw error
    }
  }

  func stop() async {
    await service.stop()
    if let folder { try? FileManager.default.removeItem(at: folder) }
  }

  private static func privateFolder() throws -> URL {
    // Paths of sockets hold at most 107 bytes.
    let base = FileManager.default.temporaryDirectory.path
    let parent = base.utf8.count < 60 ? base : "/tmp"
    var template = Array("\(parent)/segsam-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(
        .internalFault, "no temporary folder in \(parent): \(String(cString: strerror(errno)))")
    }
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    return URL(fileURLWithPath: path, isDirectory: true)
  }
}
