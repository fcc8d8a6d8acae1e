import ArgumentParser
import BusProtocol
import Client
import Imaging
import Server
import Testing
import Vocabulary

@testable import segsam

@Suite("Exit status")
struct ExitStatusTests {
  @Test func numbers() {
    #expect(segsam.ExitStatus.allCases.map(\.rawValue) == [64, 65, 69, 70])
  }

  @Test(arguments: [
    (ErrorCode.unknownCategory, segsam.ExitStatus.badInput), (.invalidArgument, .badInput),
    (.tooLarge, .badInput), (.busy, .noServer), (.deadlineExceeded, .noServer),
    (.internal, .internalFault),
  ])
  func refusals(_ code: ErrorCode, _ status: segsam.ExitStatus) {
    let failure = Failure(of: ClientError.refused(ProtocolError(code, "why")))
    #expect(failure.status == status)
    #expect(failure.message == "why")
  }

  @Test func suggestions() {
    let error = ProtocolError.unknownCategory("pancras", suggestions: ["pancreas"])
    let failure = Failure(of: ClientError.refused(error))
    #expect(failure.message == "no category is called \"pancras\"")
    #expect(failure.hints == ["did you mean pancreas?"])
  }

  @Test func libraries() {
    #expect(Failure(of: ClientError.timedOut(after: .seconds(1))).status == .noServer)
    #expect(Failure(of: ClientError.malformedReply("x")).status == .internalFault)
    #expect(Failure(of: ImagingError(.malformed, "x")).status == .badInput)
    #expect(Failure(of: ImagingError(.unwritable, "x")).status == .internalFault)
    #expect(Failure(of: ServiceError(.insecureBind, "x")).status == .usage)
    #expect(Failure(of: ServiceError(.bindFailed, "x")).status == .noServer)
    #expect(Failure(of: DescribeError(.badEndpoint, "x")).status == .usage)
    #expect(Failure(of: DescribeError(.unreachable, "x")).status == .noServer)
    #expect(Failure(of: VocabularyError(.notFound, "x")).status == .internalFault)
    #expect(Failure(of: CancellationError()).status == .internalFault)
  }

  @Test(arguments: [
    ["segment", "a.png", "-o", "x"], ["segment", "-o", "x"], ["nonsense"],
    ["segment", "a.png", "-o", "x", "-c", "liver", "--box", "1,2"],
    ["segment", "a.png", "-o", "x", "-c", "liver", "--server", "nowhere"],
    ["segment", "a.png", "-o", "x", "-c", "liver", "--threshold", "1"],
    ["segment", "a.png", "-o", "x", "-c", "liver", "--server", "tcp://h:1", "--local"],
    ["serve", "--queue", "0"], ["report", "a.png", "-o", "x", "--publish", "s"],
    ["phantom", "-o", "x", "--size", "1,2"], ["watch"],
  ])
  func usage(_ arguments: [String]) throws {
    let error = try #require(throws: (any Error).self) {
      try SegsamCommand.parseAsRoot(arguments)
    }
    #expect(SegsamCommand.exitCode(for: error).rawValue == segsam.ExitStatus.usage.rawValue)
    #expect(Failure(running: error) == nil)
  }

  @Test(arguments: [["--help"], ["--version"], ["segment", "--help"], ["categories", "--help"]])
  func help(_ arguments: [String]) {
    do {
      // The help command parses, and throws when it is run.
      var command = try SegsamCommand.parseAsRoot(arguments)
      try command.run()
      Issue.record("it ran")
    } catch {
      #expect(SegsamCommand.exitCode(for: error) == .success)
      #expect(Failure(running: error) == nil)
    }
  }
}
