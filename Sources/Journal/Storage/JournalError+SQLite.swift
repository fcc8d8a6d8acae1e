import GRDB
import Glibc

extension JournalError {
  /// What a call on the database at `path` (nil: in memory) threw, as one of our codes.
  init(_ error: any Error, at path: String?) {
    guard let failure = error as? DatabaseError else {
      self = error as? JournalError ?? JournalError(.failed, "the call was given up", cause: error)
      return
    }
    let place = path ?? "the journal in memory"
    switch failure.resultCode {
    case .SQLITE_FULL:
      self.init(.full, "no room for \(place); free some, or lower its limits", cause: error)
    case .SQLITE_IOERR where Self.isDiskFull(around: path):
      self.init(.full, "the disk of \(place) is full; free some of it", cause: error)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      self.init(
        .corrupt,
        """
        \(place) is damaged; move it away with its -wal and -shm to start with an empty one \
        (`sqlite3 \(place) .recover` may save what it holds)
        """,
        cause: error)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(.locked, "another program is changing \(place); close it", cause: error)
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      self.init(
        .failed, "\(place) cannot be opened for writing; check owner, mode and mount",
        cause: error)
    default:
      self.init(.failed, "\(place) could not be read or written", cause: error)
    }
  }

  /// SQLite says SQLITE_FULL where a write meets ENOSPC, but SQLITE_IOERR where the shared memory
  /// beside the file cannot grow, and the errno is lost by then.
  private static func isDiskFull(around path: String?) -> Bool {
    var disk = statvfs()
    guard let path, statvfs(path, &disk) == 0 else { return false }
    return disk.f_bavail.multipliedReportingOverflow(by: disk.f_frsize).partialValue < 1 << 20
  }
}
