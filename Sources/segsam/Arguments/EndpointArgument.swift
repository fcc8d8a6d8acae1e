import ArgumentParser

/// An address that libzmq can connect to: `tcp://HOST:PORT` or `ipc://PATH`.
struct EndpointArgument: ExpressibleByArgument, Sendable, Hashable {
  var text: String

  init?(argument: String) {
    if argument.hasPrefix("ipc://"), argument.count > "ipc://".count {
      text = argument
      return
    }
    guard argument.hasPrefix("tcp://"), let colon = argument.lastIndex(of: ":"),
      argument.distance(from: argument.startIndex, to: colon) > "tcp://".count,
      let port = UInt16(argument[argument.index(after: colon)...]), port > 0
    else { return nil }
    text = argument
  }
}
