/// The parts of a network that can be frozen, by the first word of their parameters' names.
enum NetworkPart {
  static let imageEncoder = "image_encoder", prompts = "prompt_encoder"
  static let decoder = "semantic_agnostic"

  /// The parts that hold a parameter; to freeze one of them freezes it.
  ///
  /// With Segment Anything's networks in the place of ours, encoder, prompts and decoder are theirs: what
  /// of ours stands beside them is new and trained. Their decoder stays with the prompts that it was
  /// trained on.
  static func holding(_ name: String, hasSAM: Bool) -> Set<String> {
    let words = name.split(separator: ".", maxSplits: 2).map(String.init)
    guard hasSAM, let first = words.first else { return Set(words.prefix(1)) }
    guard first == "sam" else {
      return [imageEncoder, prompts, decoder].contains(first) ? [] : [first]
    }
    switch words.dropFirst().first {
    case "image_encoder": return [imageEncoder]
    case "prompt_encoder": return [prompts, decoder]
    default: return [decoder]
    }
  }
}
