public import Foundation
import Logging
import Telemetry
import ZeroMQ

extension SegmentService {
  /// Who may connect, by CURVE keys (RFC 26).
  public struct Security: Sendable, Hashable {
    /// The server's own key, a `CurveKeyFile`; and the list of clients, a `ClientKeysFile`.
    public var serverKey: URL, clientKeys: URL
    public init(serverKey: URL, clientKeys: URL) {
      self.serverKey = serverKey
      self.clientKeys = clientKeys
    }

    /// Reads both files, as a start would.
    ///
    /// - Throws: `ServiceError` saying which is wrong.
    public func check() throws(ServiceError) {
      _ = try Access(self, logger: Logger(label: "segsam.keys"), metrics: nil)
    }
  }
}

/// The keys of a server that asks for them, read.
struct Access: Sendable {
  let secretKey: CurveSecretKey
  let ring: KeyRing

  init(
    _ security: SegmentService.Security, logger: Logger, metrics: ServerMetrics?
  ) throws(ServiceError) {
    do throws(KeyFileError) {
      secretKey = try CurveKeyFile.load(security.serverKey.path).secretKey
      ring = try KeyRing(path: security.clientKeys.path) { denial in
        metrics?.authDenied.increment()
        logger.notice(
          "denied",
          metadata: ["reason": "\(denial.reason.rawValue)", "address": "\(denial.address)"])
      }
    } catch {
      throw ServiceError(.badConfiguration, error.message)
    }
  }

  func curve(_ domain: KeyRing.Domain) -> CurveOptions {
    .server(secretKey: secretKey, zapDomain: domain.rawValue)
  }
}
