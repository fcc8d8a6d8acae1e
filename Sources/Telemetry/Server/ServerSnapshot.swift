/// The state of a server at the moment of a scrape.
public struct ServerSnapshot: Sendable, Hashable {
  /// Requests that wait for the model, and what they hold.
  public var queueLength: Int
  public var queueBytes: Int
  /// Requests that the model works on.
  public var inFlight: Int
  /// Images that clients may refer to by `image_id`.
  public var heldImages: Int
  public var heldImageBytes: Int
  /// Answers kept for a request that comes again.
  public var storedAnswers: Int
  public var storedAnswerBytes: Int
  /// Of the image features; hits and misses are totals since the start.
  public var cacheBytes: Int
  public var cacheHits: Int
  public var cacheMisses: Int
  /// The sequence number of the stream's last message; how many were dropped since the start.
  public var streamPosition: Int
  public var streamDropped: Int
  /// Of the journal; messages that it has, and that were not answered yet.
  public var journalBytes: Int
  public var durablePending: Int
  public var isReady: Bool
  public var uptimeSeconds: Double

  public init(
    queueLength: Int = 0, queueBytes: Int = 0, inFlight: Int = 0,
    heldImages: Int = 0, heldImageBytes: Int = 0,
    storedAnswers: Int = 0, storedAnswerBytes: Int = 0,
    cacheBytes: Int = 0, cacheHits: Int = 0, cacheMisses: Int = 0,
    streamPosition: Int = 0, streamDropped: Int = 0,
    journalBytes: Int = 0, durablePending: Int = 0,
    isReady: Bool = false, uptimeSeconds: Double = 0
  ) {
    (self.queueLength, self.queueBytes, self.inFlight) = (queueLength, queueBytes, inFlight)
    (self.heldImages, self.heldImageBytes) = (heldImages, heldImageBytes)
    (self.storedAnswers, self.storedAnswerBytes) = (storedAnswers, storedAnswerBytes)
    self.cacheBytes = cacheBytes
    (self.cacheHits, self.cacheMisses) = (cacheHits, cacheMisses)
    (self.streamPosition, self.streamDropped) = (streamPosition, streamDropped)
    (self.journalBytes, self.durablePending) = (journalBytes, durablePending)
    (self.isReady, self.uptimeSeconds) = (isReady, uptimeSeconds)
  }
}
