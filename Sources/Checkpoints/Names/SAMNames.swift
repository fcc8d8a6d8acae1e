/// The parameters of a network in Segment Anything's layout, by the names of its own checkpoints,
/// whatever names a file has for them.
///
/// Read are Segment Anything's names (arXiv 2304.02643), which MedSAM (Nature Communications 15, 654)
/// and SAM-Med2D (arXiv 2308.16184, with adapters) share, and those of `SamModel` in Hugging Face's
/// transformers; all with or without a prefix (`module.`, `model.`, …) before every name. Of a model of
/// this program's that holds such a network, what begins with `sam.` is read and the rest left.
public struct SAMNames: Sendable, Hashable {
  public enum Layout: String, Sendable, Hashable {
    case segmentAnything = "Segment Anything"
    case huggingFace = "Hugging Face"
  }

  public let layout: Layout
  /// From canonical names to the file's. What is not known keeps its own name.
  public let sources: [String: String]
  /// Where the file says which colours are subtracted, and by what is divided: three numbers each.
  public let pixelMean: String?, pixelDeviation: String?
  /// Whether the network is a part of a model of this program's.
  public let isInner: Bool
  private static let inner = "sam."

  /// - Parameter names: of all tensors in a file.
  /// - Throws: `CheckpointError` `.kind` if they are of another network, `.pickle` if two names stand
  ///   for the same parameter.
  public init(of names: some Collection<String>) throws(CheckpointError) {
    let (layout, prefix) = try Self.layout(of: names)
    isInner = prefix == Self.inner && names.contains { $0.hasPrefix("t2vse.") }
    var plain: [(name: String, source: String)] = []
    for source in names.sorted() where !isInner || source.hasPrefix(prefix) {
      plain.append(
        (source.hasPrefix(prefix) ? String(source.dropFirst(prefix.count)) : source, source))
    }
    let heads = HuggingFaceNames(plain.map(\.name))
    var sources: [String: String] = [:]
    for (name, source) in plain {
      let canonical = layout == .huggingFace ? heads.canonical(name) : name
      // Hugging Face's file may hold the same matrix under two names.
      if layout == .huggingFace, canonical == HuggingFaceNames.positions,
        sources[canonical] != nil
      {
        continue
      }
      guard sources.updateValue(source, forKey: canonical) == nil else {
        throw CheckpointError(
          .pickle, "two tensors stand for \(canonical.debugDescription): save one network alone")
      }
    }
    self.layout = layout
    pixelMean = sources.removeValue(forKey: "pixel_mean")
    pixelDeviation = sources.removeValue(forKey: "pixel_std")
    self.sources = sources
  }

  /// Told by the one weight that every such network has, and what stands before its name.
  private static func layout(
    of names: some Collection<String>
  ) throws(CheckpointError) -> (Layout, prefix: String) {
    for (layout, mark) in [
      (Layout.segmentAnything, "image_encoder.patch_embed.proj.weight"),
      (.huggingFace, "vision_encoder.patch_embed.projection.weight"),
    ] {
      if let name = names.filter({ $0 == mark || $0.hasSuffix("." + mark) }).min() {
        return (layout, String(name.dropLast(mark.count)))
      }
    }
    let first = names.sorted().prefix(3).map { String($0.prefix(80)).debugDescription }
    throw CheckpointError(
      .kind,
      "not Segment Anything's network: it has no image_encoder.patch_embed.proj.weight, but"
        + " \(first.joined(separator: ", ")), …. SAM, MedSAM and SAM-Med2D with a ViT are read, and"
        + " Hugging Face's SamModel; save one of these")
  }
}
