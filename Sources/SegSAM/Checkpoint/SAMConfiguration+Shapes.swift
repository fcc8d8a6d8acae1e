extension SAMConfiguration {
  /// Shapes of all parameters, by Segment Anything's names.
  ///
  /// Source: arXiv 2304.02643 and the names of its published checkpoints; the adapters' those of
  /// SAM-Med2D (arXiv 2308.16184). Matrices are `[out, in]`, kernels `[out, in, height, width]`,
  /// those of transposed convolutions `[in, out, height, width]`.
  public func parameterShapes() -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    encoder(&shapes)
    promptEncoder(&shapes)
    decoder(&shapes)
    return shapes
  }

  private func encoder(_ shapes: inout [String: [Int]]) {
    let name = "image_encoder"
    if hasAbsolutePositions { shapes["\(name).pos_embed"] = [1, grid, grid, width] }
    shapes.layer("\(name).patch_embed.proj", [width, 3, patchSize, patchSize])
    for index in 0..<depth {
      let block = "\(name).blocks.\(index)"
      shapes.norm("\(block).norm1", width)
      shapes.norm("\(block).norm2", width)
      shapes.layer("\(block).attn.qkv", [3 * width, width])
      shapes.layer("\(block).attn.proj", [width, width])
      if hasRelativePositions {
        let side = windowSize == 0 || globalBlocks.contains(index) ? grid : windowSize
        shapes["\(block).attn.rel_pos_h"] = [2 * side - 1, width / heads]
        shapes["\(block).attn.rel_pos_w"] = [2 * side - 1, width / heads]
      }
      shapes.layer("\(block).mlp.lin1", [encoderMLP, width])
      shapes.layer("\(block).mlp.lin2", [width, encoderMLP])
      if hasAdapters { adapter("\(block).Adapter", &shapes) }
    }
    shapes["\(name).neck.0.weight"] = [promptWidth, width, 1, 1]
    shapes.norm("\(name).neck.1", promptWidth)
    shapes["\(name).neck.2.weight"] = [promptWidth, promptWidth, 3, 3]
    shapes.norm("\(name).neck.3", promptWidth)
  }

  /// Channels are squeezed to a quarter; the image is convolved to half its side and back.
  private func adapter(_ name: String, _ shapes: inout [String: [Int]]) {
    shapes.norm("\(name).norm", width)
    shapes["\(name).channel.0.weight"] = [width / 4, width]
    shapes["\(name).channel.2.weight"] = [width, width / 4]
    shapes["\(name).spatial.0.weight"] = [width, width, 3, 3]
    shapes["\(name).spatial.2.weight"] = [width, width, 4, 4]
  }

  private func promptEncoder(_ shapes: inout [String: [Int]]) {
    let name = "prompt_encoder"
    shapes["\(name).pe_layer.positional_encoding_gaussian_matrix"] = [2, promptWidth / 2]
    // A click outside, a click inside, a box's first and second corner.
    for index in 0..<4 { shapes["\(name).point_embeddings.\(index).weight"] = [1, promptWidth] }
    shapes["\(name).not_a_point_embed.weight"] = [1, promptWidth]
    shapes["\(name).no_mask_embed.weight"] = [1, promptWidth]
    let masks = "\(name).mask_downscaling"
    shapes.layer("\(masks).0", [maskChannels / 4, 1, 2, 2])
    shapes.norm("\(masks).1", maskChannels / 4)
    shapes.layer("\(masks).3", [maskChannels, maskChannels / 4, 2, 2])
    shapes.norm("\(masks).4", maskChannels)
    shapes.layer("\(masks).6", [promptWidth, maskChannels, 1, 1])
  }

  private func decoder(_ shapes: inout [String: [Int]]) {
    let (name, wide) = ("mask_decoder", promptWidth)
    let narrow = wide / attentionDownsampling
    for index in 0..<decoderDepth {
      let layer = "\(name).transformer.layers.\(index)"
      shapes.attention("\(layer).self_attn", wide, wide)
      shapes.attention("\(layer).cross_attn_token_to_image", wide, narrow)
      shapes.attention("\(layer).cross_attn_image_to_token", wide, narrow)
      for norm in 1...4 { shapes.norm("\(layer).norm\(norm)", wide) }
      shapes.layer("\(layer).mlp.lin1", [decoderMLP, wide])
      shapes.layer("\(layer).mlp.lin2", [wide, decoderMLP])
    }
    shapes.attention("\(name).transformer.final_attn_token_to_image", wide, narrow)
    shapes.norm("\(name).transformer.norm_final_attn", wide)
    shapes["\(name).iou_token.weight"] = [1, wide]
    shapes["\(name).mask_tokens.weight"] = [candidates + 1, wide]
    let up = "\(name).output_upscaling"
    shapes["\(up).0.weight"] = [wide, wide / 4, 2, 2]
    shapes["\(up).0.bias"] = [wide / 4]
    shapes.norm("\(up).1", wide / 4)
    shapes["\(up).3.weight"] = [wide / 4, wide / 8, 2, 2]
    shapes["\(up).3.bias"] = [wide / 8]
    for mask in 0...candidates {
      shapes.mlp(
        "\(name).output_hypernetworks_mlps.\(mask)", wide, wide, wide / 8, layers: 3)
    }
    shapes.mlp(
      "\(name).iou_prediction_head", wide, scoreWidth, candidates + 1, layers: scoreDepth)
  }
}

extension [String: [Int]] {
  fileprivate mutating func layer(_ name: String, _ weight: [Int]) {
    self["\(name).weight"] = weight
    self["\(name).bias"] = [weight[0]]
  }

  fileprivate mutating func norm(_ name: String, _ width: Int) {
    self["\(name).weight"] = [width]
    self["\(name).bias"] = [width]
  }

  fileprivate mutating func attention(_ name: String, _ width: Int, _ inner: Int) {
    for part in ["q_proj", "k_proj", "v_proj"] { layer("\(name).\(part)", [inner, width]) }
    layer("\(name).out_proj", [width, inner])
  }

  fileprivate mutating func mlp(
    _ name: String, _ input: Int, _ hidden: Int, _ output: Int, layers: Int
  ) {
    for index in 0..<layers {
      layer(
        "\(name).layers.\(index)",
        [index == layers - 1 ? output : hidden, index == 0 ? input : hidden])
    }
  }
}
