import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import Synchronization

/// A listening socket and its connections.
///
/// On FlyingFox's sockets rather than its `HTTPServer`: that one (0.27.1) waits for a request for
/// ever, reads a header of any length into memory, takes any number of connections, and ends when
/// `accept` finds no free descriptor.
final class Listener: Sendable {
  /// With the port that is really used.
  let address: HostPort
  private let socket: Socket
  private let limits: HealthServer.Limits
  private let pages: Pages
  private let connections = Atomic<Int>(0)

  init(at address: HostPort, limits: HealthServer.Limits, pages: Pages) throws(TelemetryError) {
    (self.limits, self.pages) = (limits, pages)
    do {
      (socket, self.address) = try Self.listen(at: address)
    } catch {
      throw Self.reason(error, at: address)
    }
  }

  func close() { try? socket.close() }

  /// Serves until the task is cancelled, then closes everything.
  func run(on pool: some AsyncSocketPool) async {
    defer { close() }
    guard let listening = try? AsyncSocket(socket: socket, pool: pool) else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await pool.run() }
      group.addTask { await self.accept(from: listening) }
      await group.next()
      group.cancelAll()
    }
  }

  private func accept(from listening: AsyncSocket) async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        guard let connection = try? await listening.accept() else {
          // Cancelled; or no descriptor is free, and one may become so.
          try? await Task.sleep(for: .milliseconds(50))
          continue
        }
        guard connections.load(ordering: .relaxed) < limits.connections else {
          try? connection.close()
          await Task.yield()
          continue
        }
        connections.wrappingAdd(1, ordering: .relaxed)
        group.addTask {
          await self.serve(connection)
          self.connections.wrappingSubtract(1, ordering: .relaxed)
        }
      }
    }
  }

  private func serve(_ connection: AsyncSocket) async {
    defer { try? connection.close() }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await self.exchange(over: connection) }
      group.addTask { try? await Task.sleep(for: self.limits.timeout) }
      await group.next()
      group.cancelAll()
    }
  }

  private func exchange(over connection: AsyncSocket) async throws {
    let bytes = try await connection.readHead(within: limits.headBytes)
    let head = bytes.flatMap { RequestHead(line: $0.prefix { $0 != UInt8(ascii: "\r") }) }
    let page =
      if let head {
        await pages.page(for: head)
      } else {
        Page(bytes == nil ? .requestHeaderFieldsTooLarge : .badRequest)
      }
    try await connection.write(Data(page.message(to: head?.method).utf8))
    // Closing over unread bytes resets the connection, and the answer may be lost with it (RFC
    // 9112, 9.6); so what still comes is read, up to a bound.
    shutdown(connection.socket.file.rawValue, Int32(SHUT_WR))
    var rest = limits.bodyBytes
    while rest > 0 { rest -= try await connection.read(atMost: rest).count }
  }
}
