import FlyingSocks
import Foundation
import Glibc

extension Listener {
  static func listen(at address: HostPort) throws -> (Socket, HostPort) {
    let target = try address.socketAddress
    let socket = try Socket(domain: Int32(target.family), type: .stream)
    do {
      // A port whose last connections linger can be taken; one that is listened on cannot.
      try socket.setValue(true, for: .localAddressReuse)
      try socket.bind(to: target)
    } catch {
      try? socket.close()
      throw error
    }
    // Closes the socket itself where it fails.
    try socket.listen(maxPendingConnection: 64)
    do {
      switch try socket.sockname() {
      case .ip4(let host, let port), .ip6(let host, let port):
        return (socket, HostPort(host: host, port: port))
      case .unix: throw SocketError.unsupportedAddress
      }
    } catch {
      try? socket.close()
      throw error
    }
  }

  static func reason(_ error: any Error, at address: HostPort) -> TelemetryError {
    guard case SocketError.failed(_, let number, let text) = error else {
      return TelemetryError(.bindFailed, "\(address): \(error.localizedDescription)")
    }
    switch number {
    case EADDRINUSE:
      return TelemetryError(
        .addressInUse, "\(address) is taken; choose another port, or 0 for any free one")
    case EADDRNOTAVAIL, EAFNOSUPPORT:
      return TelemetryError(
        .badAddress, "\(address): \(text); listen on an address of this machine")
    case EACCES:
      return TelemetryError(.bindFailed, "\(address): \(text); choose a port above 1023")
    default:
      return TelemetryError(.bindFailed, "\(address): \(text)")
    }
  }
}
