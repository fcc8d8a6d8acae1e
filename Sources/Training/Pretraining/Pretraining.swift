/// Learning of the image encoder from images alone, before any label is used.
public struct Pretraining: Codable, Sendable, Hashable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// Hidden patches are drawn again (SegVol, arXiv 2311.13385, on pre-training; SimMIM, arXiv
    /// 2111.09886).
    case masked
    /// A slice is told from others by its neighbour in the volume, a picture by another view of itself
    /// (InfoNCE, arXiv 1807.03748).
    case neighbours
  }
  public var method: Method
  /// Steps at the first stage's image size, images and rate.
  public var steps: Int

  public init(method: Method, steps: Int) {
    self.method = method
    self.steps = steps
  }

  /// The share of patches that are hidden.
  static let hidden: Float = 0.6
  /// The side of a patch, in pixels: that of a token.
  static let patch = 16
  /// Cosines are divided by this before the softmax.
  static let temperature: Float = 0.1
  /// Parameters of what only pretraining needs begin so.
  static let scope = "pretraining"
}
