import CZeroMQ

/// The socket patterns that this project uses.
public enum SocketKind: Sendable, Hashable, CaseIterable {
  case request, reply, dealer, router, publish, subscribe, xpub, xsub, push, pull, pair

  var code: Int32 {
    switch self {
    case .request: ZMQ_REQ
    case .reply: ZMQ_REP
    case .dealer: ZMQ_DEALER
    case .router: ZMQ_ROUTER
    case .publish: ZMQ_PUB
    case .subscribe: ZMQ_SUB
    case .xpub: ZMQ_XPUB
    case .xsub: ZMQ_XSUB
    case .push: ZMQ_PUSH
    case .pull: ZMQ_PULL
    case .pair: ZMQ_PAIR
    }
  }
}

/// Where a socket is attached.
public enum Attachment: Sendable, Hashable {
  /// `tcp://127.0.0.1:*` takes a free port; `Endpoint.address` then says which.
  case bind(String)
  case connect(String)
}
