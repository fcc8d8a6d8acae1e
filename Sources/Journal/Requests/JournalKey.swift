import Foundation

/// A request id belongs to its client.
public struct JournalKey: Hashable, Sendable {
  public var owner: String, id: String

  public init(owner: String, id: String) {
    self.owner = owner
    self.id = id
  }

  /// BLOBs, for exact bytes: GRDB ends a text at its first NUL.
  var columns: (owner: Data, id: Data) { (Data(owner.utf8), Data(id.utf8)) }
}
