import ArgumentParser

/// Settings on the command line: each as text, so that one table says what is right, wherever it stands.
struct ServeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where requests come in; tcp://127.0.0.1:* takes a free port. \(usual("tcp://127.0.0.1:5555"))",
      valueName: "endpoint"))
  var bind: String?

  @Option(
    help: ArgumentHelp(
      "Where results, progress and heartbeats go out. \(usual("tcp://127.0.0.1:5556"))",
      valueName: "endpoint"))
  var publish: String?

  @Flag(help: "Let others reach it without keys; only in a network that you trust.")
  var insecure = false

  @Option(
    help: ArgumentHelp(
      "Where metrics and health can be asked for over HTTP, as 127.0.0.1:9464.",
      valueName: "host:port"))
  var metrics: String?

  @Option(
    help: ArgumentHelp(
      "The server's secret key, made by segsam keys new --server: clients need keys then.",
      valueName: "file"))
  var serverKey: String?

  @Option(help: ArgumentHelp("The list of client keys and their roles.", valueName: "file"))
  var clientKeys: String?

  @Option(
    help: ArgumentHelp(
      "The model: a name in models/, or a folder with a manifest.json. "
        + usual(ModelOptions.usual), valueName: "name"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Of a model in Segment Anything's layout: the one that finds what a text names, or none. "
        + "segsam-base if there is one.", valueName: "name"))
  var detector: String?

  @Option(help: ArgumentHelp("Threads for the model; all if not given.", valueName: "n"))
  var threads: String?

  @Option(help: ArgumentHelp("MiB of features of images. \(usual("192"))", valueName: "mib"))
  var cache: String?

  @Option(
    help: ArgumentHelp("Requests worked on at a time. \(usual("1"))", valueName: "n"))
  var workers: String?

  @Option(
    help: ArgumentHelp(
      "Queries of all those requests in one run of the decoders, at most. \(usual("1"))",
      valueName: "1|2|4|8"))
  var batch: String?

  @Option(
    help: ArgumentHelp(
      "Images of all those requests in one run of the image encoder, at most. \(usual("1"))",
      valueName: "1|2|4|8"))
  var imageBatch: String?

  @Option(help: ArgumentHelp("Runs of the networks side by side. \(usual("1"))", valueName: "n"))
  var streams: String?

  @Option(
    help: ArgumentHelp(
      "Requests that wait; more are answered \"busy\". \(usual("256"))", valueName: "n"))
  var queue: String?

  @Option(help: ArgumentHelp("MiB of requests that wait. \(usual("1024"))", valueName: "mib"))
  var queueMemory: String?

  @Option(help: ArgumentHelp("MiB of one request's inputs. \(usual("1024"))", valueName: "mib"))
  var input: String?

  @Option(help: ArgumentHelp("MiB of one reply. \(usual("512"))", valueName: "mib"))
  var reply: String?

  @Option(help: ArgumentHelp("Queries of one request. \(usual("256"))", valueName: "n"))
  var queries: String?

  @Option(
    help: ArgumentHelp("MiB of images held between requests. \(usual("512"))", valueName: "mib"))
  var held: String?

  @Option(
    help: ArgumentHelp(
      "MiB of answers kept for who asks again. \(usual("128"))", valueName: "mib"))
  var answers: String?

  @Option(help: ArgumentHelp("How long they are kept. \(usual("600"))", valueName: "seconds"))
  var answerAge: String?

  @Option(help: ArgumentHelp("How long an image is held. \(usual("60"))", valueName: "seconds"))
  var lease: String?

  @Option(
    help: ArgumentHelp(
      "How long a stop lets queued requests still run. \(usual("10"))", valueName: "seconds"))
  var grace: String?

  @Option(
    help: ArgumentHelp(
      "Where durable requests, their answers and the stream are kept; without it there are no durable "
        + "requests, and the stream is kept in memory.", valueName: "folder"))
  var journal: String?

  @Option(
    help: ArgumentHelp(
      "MiB of the stream, and as much of answers, in the journal. \(usual("256"))",
      valueName: "mib"))
  var journalMemory: String?

  @Option(help: ArgumentHelp("How long the stream is kept. \(usual("7"))", valueName: "days"))
  var journalDays: String?

  @Option(help: ArgumentHelp("Requests a second of one client.", valueName: "n"))
  var clientRate: String?

  @Option(help: ArgumentHelp("MiB of one client's requests that wait.", valueName: "mib"))
  var clientMemory: String?

  @Option(help: ArgumentHelp("Images held for one client.", valueName: "n"))
  var clientImages: String?

  @Option(help: ArgumentHelp("How much to log. \(usual("info"))", valueName: "level"))
  var logLevel: String?

  @Option(help: ArgumentHelp("json or text. \(usual("json"))", valueName: "format"))
  var logFormat: String?

  private static func usual(_ value: String) -> String { "(default: \(value))" }

  /// What was given.
  var given: [Setting: String] {
    let all: [(Setting, String?)] = [
      (.bind, bind), (.publish, publish), (.insecure, insecure ? "true" : nil),
      (.metrics, metrics), (.serverKey, serverKey), (.clientKeys, clientKeys), (.model, model),
      (.detector, detector),
      (.threads, threads), (.cache, cache), (.workers, workers), (.batch, batch),
      (.imageBatch, imageBatch),
      (.streams, streams), (.queue, queue), (.queueMemory, queueMemory), (.input, input),
      (.reply, reply), (.queries, queries), (.held, held), (.answers, answers),
      (.answerAge, answerAge), (.lease, lease), (.grace, grace), (.journal, journal),
      (.journalMemory, journalMemory), (.journalDays, journalDays), (.clientRate, clientRate),
      (.clientMemory, clientMemory), (.clientImages, clientImages), (.logLevel, logLevel),
      (.logFormat, logFormat),
    ]
    return Dictionary(
      uniqueKeysWithValues: all.compactMap { name, text in text.map { (name, $0) } })
  }

  func validate() throws {
    for (setting, text) in given {
      if let fault = setting.fault(text) { throw ValidationError("\(setting.flag) \(fault).") }
    }
  }
}
