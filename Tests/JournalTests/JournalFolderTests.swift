import Foundation
import Glibc
import Journal
import Testing

/// The folder and its files: whose they are, and which are refused.
@Suite(.timeLimit(.minutes(1)))
struct JournalFolderTests {
  enum Kind: String, CaseIterable, Sendable {
    case requests, stream

    var file: String { "\(rawValue).sqlite" }

    /// Opens the journal, and keeps it open as long as it is held.
    func open(_ folder: URL) throws(JournalError) -> any Sendable {
      switch self {
      case .requests: try RequestJournal(folder: folder, limits: JournalLimits())
      case .stream: try StreamJournal(folder: folder, limits: JournalLimits())
      }
    }

    /// Makes one with a hundred kilobytes in it.
    func fill(_ folder: URL) throws {
      switch self {
      case .requests:
        let journal = try RequestJournal(folder: folder, limits: JournalLimits())
        for id in 1...10 { try journal.accept(.test("\(id)", bytes: 10_000)) }
        journal.close()
      case .stream:
        let journal = try StreamJournal(folder: folder, limits: JournalLimits())
        for _ in 1...10 {
          _ = try journal.append(topic: "a", time: date(0)) { _, _ in
            [[UInt8](repeating: 7, count: 10_000)]
          }
        }
        journal.close()
      }
    }
  }

  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test(arguments: Kind.allCases) func othersCannotReadIt(kind: Kind) throws {
    let folder = scratch.folder("deeper").appending(path: "journal", directoryHint: .isDirectory)
    let journal = try kind.open(folder)
    #expect(mode(folder) == 0o700)
    for suffix in ["sqlite", "sqlite-wal", "sqlite-shm", "lock"] {
      let file = folder.appending(path: "\(kind).\(suffix)", directoryHint: .notDirectory)
      #expect(mode(file) == 0o600)
    }
    withExtendedLifetime(journal) {}
  }

  @Test(arguments: Kind.allCases) func aSecondServerIsRefused(kind: Kind) throws {
    let folder = scratch.folder()
    let first = try kind.open(folder)
    let refusal = #expect(throws: JournalError.self) { try kind.open(folder) }
    #expect(refusal?.code == .locked)
    #expect(refusal?.message.contains("process \(getpid())") == true)
    #expect(refusal?.message.contains(folder.path(percentEncoded: false)) == true)
    withExtendedLifetime(first) {}
  }

  @Test(arguments: Kind.allCases) func aJournalThatIsGoneLetsTheFolderGo(kind: Kind) throws {
    for _ in 1...3 { _ = try kind.open(scratch.folder()) }
  }

  @Test func bothDatabasesLiveInOneFolder() throws {
    let requests = try Kind.requests.open(scratch.folder())
    let stream = try Kind.stream.open(scratch.folder())
    withExtendedLifetime((requests, stream)) {}
  }

  @Test(arguments: Kind.allCases) func aNewerFileIsRefusedAndLeftAsItIs(kind: Kind) throws {
    try kind.fill(scratch.folder())
    try scratch.replace("\(kind) 1", with: "\(kind) 9", in: kind.file)
    let before = try Data(contentsOf: scratch.file(kind.file))
    let refusal = #expect(throws: JournalError.self) { try kind.open(scratch.folder()) }
    #expect(refusal?.code == .newer)
    #expect(refusal?.message.contains("\(kind) 9") == true)
    #expect(refusal?.message.contains(scratch.file(kind.file).path(percentEncoded: false)) == true)
    #expect(try Data(contentsOf: scratch.file(kind.file)) == before)
  }

  enum Damage: CaseIterable, Sendable {
    case otherFile, cutOff, overwritten

    func apply(_ data: Data) -> Data {
      switch self {
      case .otherFile: Data(repeating: 0x41, count: data.count)
      case .cutOff: data.prefix(3 * 4096)
      case .overwritten: data.prefix(4096) + Data(repeating: 0xA5, count: data.count - 4096)
      }
    }
  }

  @Test(arguments: Kind.allCases, Damage.allCases)
  func aDamagedFileIsRefusedAndLeftAsItIs(kind: Kind, damage: Damage) throws {
    try kind.fill(scratch.folder())
    let file = scratch.file(kind.file)
    let damaged = damage.apply(try Data(contentsOf: file))
    try damaged.write(to: file)
    let refusal = #expect(throws: JournalError.self) { try kind.open(scratch.folder()) }
    #expect(refusal?.code == .corrupt)
    #expect(refusal?.message.contains(file.path(percentEncoded: false)) == true)
    #expect(refusal?.message.contains("move it away") == true)
    #expect(try Data(contentsOf: file) == damaged)
    // As the message says.
    try FileManager.default.removeItem(at: file)
    _ = try kind.open(scratch.folder())
  }

  @Test func damagedRowsAreLeftOutAndCounted() throws {
    let journal = try RequestJournal(folder: scratch.folder(), limits: JournalLimits())
    for id in ["1", "2"] {
      var request = PendingRequest.test(id)
      request.frames.append(Array("frame of \(id)".utf8))
      try journal.accept(request)
      try journal.finish(.test("done \(id)"), answer: .test("answer of \(id)"))
    }
    journal.close()
    try scratch.replace("frame of 1", with: "frame of 7", in: "requests.sqlite")
    try scratch.replace("answer of 1", with: "answer of 7", in: "requests.sqlite")
    let damaged = try RequestJournal(folder: scratch.folder(), limits: JournalLimits())
    #expect(try damaged.pending().map(\.key.id) == ["2"])
    #expect(try damaged.answer(for: .test("done 1")) == nil)
    #expect(try damaged.answer(for: .test("done 2")) == .test("answer of 2"))
    #expect(damaged.damaged == 2 && damaged.pendingCount == 2)
    // Who sends it again mends it, in its old place.
    try damaged.accept(.test("1"))
    try damaged.finish(.test("done 1"), answer: .test("again"))
    #expect(try damaged.pending().map(\.key.id) == ["1", "2"])
    #expect(try damaged.answer(for: .test("done 1")) == .test("again"))
  }

  @Test func aFolderThatCannotBeIsRefused() throws {
    try FileManager.default.createDirectory(
      at: scratch.folder(), withIntermediateDirectories: true)
    try Data([1]).write(to: scratch.file("file"))
    for folder in [scratch.file("file"), scratch.folder("journal/file/deeper")] {
      #expect(code { () throws(JournalError) in try Kind.requests.open(folder) } == .failed)
    }
  }
}
