/// From the names of `SamModel` in Hugging Face's transformers to Segment Anything's.
struct HuggingFaceNames {
  static let positions = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"

  /// Of each MLP between `proj_in` and `proj_out`: how many layers there are.
  private var inner: [String: Int] = [:]

  /// - Parameter names: all, since the last layer of an MLP has its number from the others.
  init(_ names: [String]) {
    for name in names {
      guard let (head, rest) = Self.head(name) else { continue }
      let parts = rest.split(separator: ".")
      guard parts.count > 1, parts[0] == "layers", let number = Int(parts[1]), number < 1000 else {
        continue
      }
      inner[head] = max(inner[head] ?? 0, number + 1)
    }
  }

  func canonical(_ name: String) -> String {
    if let (head, rest) = Self.head(name) { return head + layer(rest, of: head) }
    for (theirs, ours) in Self.whole where name == theirs { return ours }
    for (theirs, ours) in Self.beginnings where name.hasPrefix(theirs) {
      return Self.norms(ours + name.dropFirst(theirs.count))
    }
    return Self.norms(name)
  }

  /// An MLP's name with its dot, and what follows.
  private static func head(_ name: String) -> (String, Substring)? {
    let scores = "mask_decoder.iou_prediction_head."
    if name.hasPrefix(scores) { return (scores, name.dropFirst(scores.count)) }
    let masks = "mask_decoder.output_hypernetworks_mlps."
    guard name.hasPrefix(masks) else { return nil }
    let rest = name.dropFirst(masks.count)
    guard let dot = rest.firstIndex(of: ".") else { return nil }
    return (masks + rest[...dot], rest[rest.index(after: dot)...])
  }

  private func layer(_ rest: Substring, of head: String) -> String {
    let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    let last = parts.last ?? ""
    switch parts.first {
    case "proj_in" where parts.count == 2: return "layers.0.\(last)"
    case "proj_out" where parts.count == 2: return "layers.\((inner[head] ?? 0) + 1).\(last)"
    case "layers" where parts.count == 3:
      guard let number = Int(parts[1]), number < 1000 else { return String(rest) }
      return "layers.\(number + 1).\(last)"
    default: return String(rest)
    }
  }

  /// Norms of blocks and decoder layers are called `layer_norm1` there, and `norm1` here.
  private static func norms(_ name: String) -> String {
    guard name.hasPrefix("image_encoder.blocks.") || name.hasPrefix("mask_decoder.transformer.")
    else { return name }
    return name.split(separator: ".", omittingEmptySubsequences: false).map { part in
      part.hasPrefix("layer_norm") ? part.dropFirst("layer_".count) : part
    }.joined(separator: ".")
  }

  private static let whole = [
    ("shared_image_embedding.positional_embedding", positions),
    ("prompt_encoder.shared_embedding.positional_embedding", positions),
  ]

  private static let beginnings = [
    ("vision_encoder.patch_embed.projection.", "image_encoder.patch_embed.proj."),
    ("vision_encoder.layers.", "image_encoder.blocks."),
    ("vision_encoder.neck.conv1.", "image_encoder.neck.0."),
    ("vision_encoder.neck.layer_norm1.", "image_encoder.neck.1."),
    ("vision_encoder.neck.conv2.", "image_encoder.neck.2."),
    ("vision_encoder.neck.layer_norm2.", "image_encoder.neck.3."),
    ("vision_encoder.", "image_encoder."),
    ("prompt_encoder.point_embed.", "prompt_encoder.point_embeddings."),
    ("prompt_encoder.mask_embed.conv1.", "prompt_encoder.mask_downscaling.0."),
    ("prompt_encoder.mask_embed.layer_norm1.", "prompt_encoder.mask_downscaling.1."),
    ("prompt_encoder.mask_embed.conv2.", "prompt_encoder.mask_downscaling.3."),
    ("prompt_encoder.mask_embed.layer_norm2.", "prompt_encoder.mask_downscaling.4."),
    ("prompt_encoder.mask_embed.conv3.", "prompt_encoder.mask_downscaling.6."),
    ("mask_decoder.upscale_conv1.", "mask_decoder.output_upscaling.0."),
    ("mask_decoder.upscale_layer_norm.", "mask_decoder.output_upscaling.1."),
    ("mask_decoder.upscale_conv2.", "mask_decoder.output_upscaling.3."),
  ]
}
