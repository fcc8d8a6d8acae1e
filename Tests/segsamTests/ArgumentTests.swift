import ArgumentParser
import BusProtocol
import Testing
import Training

@testable import segsam

@Suite("Arguments")
struct ArgumentTests {
  @Test(arguments: [
    ("10,20,60,80", [10, 20, 60, 80]), ("1.5, 2,3 ,4", [1.5, 2, 3, 4]),
    ("0,0,0,5,6,7", [0, 0, 0, 5, 6, 7]), ("-2,-2,3,3", [-2, -2, 3, 3]),
  ])
  func box(_ text: String, _ bounds: [Double]) {
    #expect(BoxArgument(argument: text)?.bounds == bounds)
  }

  @Test func noBox() throws {
    #expect(try #require(BoxArgument(argument: "none")).bounds == nil)
  }

  @Test(arguments: [
    "", "1,2,3", "1,2,3,4,5", "5,5,5,9", "9,0,1,9", "1,2,x,4", "1,,3,4", "nan,0,1,1", "0,0,inf,1",
    "1,2,3,4,", "0,0,5,4,4,5",
  ])
  func badBox(_ text: String) {
    #expect(BoxArgument(argument: text) == nil)
  }

  @Test func points() throws {
    let on = try #require(PointArgument(argument: "30,40,1"))
    #expect(on.at == [30, 40] && on.isPositive)
    let off = try #require(PointArgument(argument: "30,40.5,7,0"))
    #expect(off.at == [30, 40.5, 7] && !off.isPositive)
  }

  @Test(arguments: ["", "1,2", "1,2,3", "1,2,-1", "1,2,3,4", "1,2,3,4,1", "a,2,1", "1,nan,1"])
  func badPoint(_ text: String) {
    #expect(PointArgument(argument: text) == nil)
  }

  @Test(arguments: [
    ("pancreas,左肾", ["pancreas", "左肾"]), (" liver , spleen ", ["liver", "spleen"]),
    ("肝脏、脾，胰腺", ["肝脏", "脾", "胰腺"]), ("SCT:15776009", ["SCT:15776009"]), (",,", []),
    ("liver,liver", ["liver", "liver"]),
  ])
  func names(_ text: String, _ names: [String]) {
    #expect(NameList.parse(text) == names)
  }

  private func evaluate(_ arguments: String) throws -> EvaluateCommand {
    try #require(
      try SegsamCommand.parseAsRoot(
        ["evaluate", "--corpus", "x"] + arguments.split(separator: " ").map(String.init))
        as? EvaluateCommand)
  }

  @Test(arguments: [
    ("", PromptKind.text), ("--prompts box", .box), ("--mode box-parts", .box),
    ("--mode point-largest --clicks 9 --oracle", .points),
    ("--prompts text+box --mode box-largest", .textAndBox), ("--robustness", .text),
  ])
  func prompts(_ arguments: String, _ kind: PromptKind) throws {
    #expect(try evaluate(arguments).prompting.kind == kind)
  }

  @Test(arguments: [
    "--mode point-parts --prompts box", "--mode box-whole --prompts points", "--oracle",
    "--mode box-whole --prompts text", "--robustness --prompts points", "--clicks 10",
    "--jitter -1", "--mode circle",
  ])
  func badPrompts(_ arguments: String) {
    #expect(throws: (any Error).self) { try evaluate(arguments) }
  }

  @Test("every mode can be asked for")
  func modes() {
    #expect(ModeArgument.allCases.map(\.mode) == PromptMode.allCases)
    #expect(ModeArgument.allCases.map(\.rawValue) == PromptMode.allCases.map(\.rawValue))
  }

  @Test("a file that could not be written is told before the work")
  func unwritable() throws {
    let files = try evaluate("--html /no/such/folder/page.html").files
    #expect(throws: Failure.self) { try files.check() }
    try evaluate("--json a.json").files.check()
  }

  @Test func namesWithCommas() throws {
    let command = try #require(
      try SegsamCommand.parseAsRoot(
        ["segment", "a.png", "-o", "x", "-c", "liver,左肾", "--category", "kidney, left"])
        as? SegmentCommand)
    #expect(command.parameters.categories == ["liver", "左肾", "kidney, left"])
  }

  @Test(arguments: [
    ("tcp://127.0.0.1:5555", true), ("tcp://host:1", true), ("tcp://[::1]:5555", true),
    ("ipc:///tmp/x", true), ("tcp://127.0.0.1", false), ("tcp://:5555", false),
    ("tcp://h:0", false), ("tcp://h:70000", false), ("tcp://h:*", false), ("http://h:80", false),
    ("ipc://", false), ("127.0.0.1:5555", false),
  ])
  func endpoint(_ text: String, _ isGood: Bool) {
    #expect((EndpointArgument(argument: text) != nil) == isGood)
  }

  @Test(arguments: [
    ("result.s1", "liver", true), ("result.s1.", "liver", true), ("result.s1.liver", "liver", true),
    ("result.s1.liver", "spleen", false), ("result.s2", "liver", false), ("heartbeat", "x", false),
  ])
  func topics(_ text: String, _ category: String, _ matches: Bool) throws {
    let topic = try #require(TopicArgument(argument: text))
    #expect(topic.matches(.result(study: "s1", category: category)) == matches)
  }

  @Test(arguments: ["", "result", "result.a.b.c", "report", "heartbeats", "report.a b", "x.y"])
  func badTopic(_ text: String) {
    #expect(TopicArgument(argument: text) == nil)
  }

  @Test func stages() throws {
    let stage = try #require(StageArgument(argument: "128:8:16:1000:0.001"))
    #expect(stage.stage(warmUp: 300, finalRate: 0.1).warmUp == 100)
    #expect(stage.stage(warmUp: 20, finalRate: 0.1).warmUp == 20)
    #expect(stage.rate == 0.001 && stage.images == 8 && stage.slots == 16)
    #expect(StageArgument(argument: stage.defaultValueDescription) == stage)
    let timed = try #require(StageArgument(argument: "256:144:374:585s:0.001"))
    #expect(timed.stage(warmUp: 150, finalRate: 0.1).seconds == 585)
    #expect(timed.stage(warmUp: 150, finalRate: 0.1).warmUp == 150)
    #expect(timed.defaultValueDescription == "256:144:374:585s:0.001" && stage.seconds == nil)
  }

  @Test(arguments: [
    "", "128", "128:8:16:100", "128:8:16:s:0.1", "128:8:16:0s:0.1", "128:8:16:5m:0.1",
    "100:8:16:100:0.1", "128:0:16:100:0.1", "128:8:16:100:2",
  ])
  func badStage(_ text: String) {
    #expect(StageArgument(argument: text) == nil)
  }

  @Test(arguments: [
    ("masked:300", Pretraining(method: .masked, steps: 300)),
    ("neighbours:1", Pretraining(method: .neighbours, steps: 1)), ("masked", nil),
    ("masked:0", nil),
    ("other:5", nil), ("masked:5:6", nil), ("masked:x", nil),
  ])
  func pretraining(_ text: String, _ wanted: Pretraining?) {
    #expect(PretrainingArgument(argument: text)?.pretraining == wanted)
  }

  @Test(arguments: [
    "--pretrain masked:5 --network unet", "--slice-reach=-1", "--slice-reach 5000",
    "--correct-every=-1", "--encoder e.onnx --start segsam-base", "--encoder e.onnx --network unet",
    "--encoder e.onnx --slice-attention 6", "--encoder e.onnx --pretrain masked:5",
    "--encoder e.onnx --encoder-size 8", "--encoder e.onnx --encoder-blocks 0",
    "--encoder e.onnx --feature-cache 0", "--slice-attention=-1", "--freeze slices,encoders",
  ])
  func badTraining(_ arguments: String) {
    let all =
      ["train", "--corpus", "c", "-o", "x"] + arguments.split(separator: " ").map(String.init)
    #expect(throws: (any Error).self) { try SegsamCommand.parseAsRoot(all) }
  }

  @Test func colours() throws {
    #expect(EncoderOptions.Pixels(argument: "unit")?.deviation == [1, 1, 1])
    let given = try #require(EncoderOptions.Pixels(argument: "0.1,0.2,0.3,1,2,4"))
    #expect(given.mean == [0.1, 0.2, 0.3] && given.deviation == [1, 2, 4])
    for text in [
      "", "sam", "1,2,3", "1,2,3,4,5,0", "1,2,3,4,5,nan", "1,2,3,4,5,6,", "1,2,,3,4,5,6",
    ] {
      #expect(EncoderOptions.Pixels(argument: text) == nil, "\(text)")
    }
  }

  @Test(arguments: [("0", 0), ("0.3", 0.3), ("1", 1), ("-0.1", nil), ("1.5", nil), ("nan", nil)])
  func pseudoShare(_ text: String, _ share: Double?) throws {
    let command = try? SegsamCommand.parseAsRoot([
      "train", "--corpus", "c", "-o", "x", "--pseudo-share=\(text)",
    ])
    #expect((command as? TrainCommand)?.optimisation.pseudoShare == share)
  }
}

@Suite("Shuffled descriptions")
struct ShuffleTests {
  @Test(arguments: [2, 3, 10, 101])
  func nobodyKeepsTheirOwn(_ count: Int) {
    let names = (0..<count).map { "c\($0)" }
    let given = Shuffle.cycle(names, seed: 7)
    #expect(Set(given.keys) == Set(names) && Set(given.values) == Set(names))
    #expect(given.allSatisfy { $0.key != $0.value })
    #expect(given == Shuffle.cycle(names.reversed(), seed: 7))
  }
}
