/// How prompts are drawn for a target that is there.
public struct PromptMix: Codable, Sendable, Hashable {
  public var text: Float = 0.48
  public var textAndBox: Float = 0.17
  public var textAndPoints: Float = 0.09
  public var box: Float = 0.14
  public var points: Float = 0.12
  /// How often an image is asked for something that is not in it.
  public var absent: Float = 0.6
  /// How often all aspects but the name are left out, and how often some are.
  public var nameOnly: Float = 0.12
  public var someAspects: Float = 0.2
  /// How often one sentence stands in the name's place and nothing else is said, as in a query by
  /// free text.
  public var freeText: Float = 0.25
  /// How often a box alone or clicks alone ask for a region that nobody labelled instead (SegVol,
  /// arXiv 2311.13385, on pseudo-masks).
  public var pseudo: Float = 0
  /// Such a box asks for all regions of which more than this share lies in it; 1 for its own alone.
  public var absorbed: Float = 0.9
  public init() {}

  /// One way of asking, and nothing else.
  init(only prompt: ValidationPrompt) {
    (text, textAndBox, textAndPoints, box, points) = (0, 0, 0, 0, 0)
    switch prompt {
    case .text: text = 1
    case .point: points = 1
    case .textAndPoint: textAndPoints = 1
    }
    // Absent objects can be asked for by text only.
    if prompt != .text { absent = 0 }
    freeText = 0
  }
}
