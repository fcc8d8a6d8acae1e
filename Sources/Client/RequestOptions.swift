/// How a request is to be treated (protocol: Request header).
public struct RequestOptions: Sendable, Hashable {
  /// 1 to 128 printable ASCII characters; a new UUID if not given. The same id with the same
  /// content again gets the stored answer.
  public var id: String?
  /// From arrival at the server, queue included.
  public var deadline: Duration?
  /// How long to wait here, all tries together; by default two seconds over the deadline, or the
  /// client's time-out.
  public var timeout: Duration?
  /// −10 to 10, higher first.
  public var priority: Int
  /// `accepted` and `partial` replies, to `Exchange.progress`.
  public var wantsProgress: Bool
  /// The request outlives the server's death, and the task that waits for it: its answer can be
  /// asked for again, with the same id and content, and only `cancel` stops it. `accepted` comes to
  /// `Exchange.progress` once it is on disk.
  public var isDurable: Bool

  public init(
    id: String? = nil, deadline: Duration? = nil, timeout: Duration? = nil, priority: Int = 0,
    wantsProgress: Bool = false, isDurable: Bool = false
  ) {
    self.id = id
    self.deadline = deadline
    self.timeout = timeout
    self.priority = priority
    self.wantsProgress = wantsProgress
    self.isDurable = isDurable
  }
}
