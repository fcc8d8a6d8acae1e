extension ONNXWriter {
  /// Adds the nodes that compute an operation; the last writes `output`.
  mutating func write(_ operation: Operation, _ x: [Operand], _ shape: [Int], to output: String) {
    let inputs = x.map(\.name)
    switch operation {
    case .input, .parameter, .constant: break

    case .conv2d(let stride, let padding, let groups):
      node(
        "Conv", inputs, output,
        [
          .integers("kernel_shape", Array(x[1].shape[2...])),
          .integers("strides", [stride, stride]),
          .integers("pads", [padding, padding, padding, padding]), .integer("group", groups),
        ])
    case .convTranspose2d(let stride, let padding):
      node(
        "ConvTranspose", inputs, output,
        [
          .integers("kernel_shape", Array(x[1].shape[2...])),
          .integers("strides", [stride, stride]),
          .integers("pads", [padding, padding, padding, padding]),
        ])
    case .linear:
      let weights = step("Transpose", [inputs[1]], [.integers("perm", [1, 0])])
      guard inputs.count > 2 else { return node("MatMul", [inputs[0], weights], output) }
      node("Add", [step("MatMul", [inputs[0], weights]), inputs[2]], output)
    case .matmul(let transposeB):
      node("MatMul", [inputs[0], transposeB ? transposed(x[1]) : inputs[1]], output)
    case .attention(let scale):
      let scores = step("MatMul", [inputs[0], transposed(x[1])])
      let scaled = step("Mul", [scores, scalar(scale)])
      node("MatMul", [step("Softmax", [scaled], [.integer("axis", -1)]), inputs[2]], output)

    case .add: node("Add", inputs, output)
    case .subtract: node("Sub", inputs, output)
    case .multiply: node("Mul", inputs, output)
    case .divide: node("Div", inputs, output)
    case .maximum: node("Max", inputs, output)
    case .minimum: node("Min", inputs, output)
    case .affine(let factor, let offset):
      let product = step("Mul", [inputs[0], scalar(factor)])
      node("Add", [product, scalar(offset)], output)
    case .power(let exponent): node("Pow", [inputs[0], scalar(exponent)], output)
    case .relu: node("Relu", inputs, output)
    case .gelu: node("Gelu", inputs, output)
    case .sigmoid: node("Sigmoid", inputs, output)
    case .tanh: node("Tanh", inputs, output)
    case .exponential: node("Exp", inputs, output)
    case .logarithm: node("Log", inputs, output)
    case .squareRoot: node("Sqrt", inputs, output)
    case .stopGradient: node("Identity", inputs, output)
    case .sine: node("Sin", inputs, output)
    case .cosine: node("Cos", inputs, output)
    case .absolute: node("Abs", inputs, output)
    case .softplus: node("Softplus", inputs, output)
    case .softmax(let axis): node("Softmax", inputs, output, [.integer("axis", axis)])

    case .layerNorm(let epsilon):
      let scale = inputs.count > 1 ? inputs[1] : filled(1, [shape[shape.count - 1]])
      node(
        "LayerNormalization", [inputs[0], scale] + inputs.dropFirst(2), output,
        [.integer("axis", -1), .float("epsilon", epsilon)])
    case .groupNorm(let groups, let epsilon):
      node(
        "GroupNormalization", inputs, output,
        [.integer("num_groups", groups), .float("epsilon", epsilon)])

    case .reshape(let target): node("Reshape", [inputs[0], integers(target)], output)
    case .transpose(let order):
      node("Transpose", inputs, output, [.integers("perm", order)])
    case .concatenate(let axis): node("Concat", inputs, output, [.integer("axis", axis)])
    case .slice(let axis, let start, let end):
      node(
        "Slice", [inputs[0], integers([start]), integers([end]), integers([axis])], output)
    case .broadcast(let target): node("Expand", [inputs[0], integers(target)], output)
    case .gather(let axis): node("Gather", inputs, output, [.integer("axis", axis)])
    case .sum(let axes, let keep): reduce("ReduceSum", inputs[0], axes, keep, output)
    case .mean(let axes, let keep): reduce("ReduceMean", inputs[0], axes, keep, output)
    case .reduceMaximum(let axes, let keep): reduce("ReduceMax", inputs[0], axes, keep, output)

    case .resizeBilinear:
      node(
        "Resize", [inputs[0], "", "", integers(shape)], output,
        [
          .string("mode", "linear"), .string("coordinate_transformation_mode", "half_pixel"),
        ])
    case .averagePool(let size): pool("AveragePool", inputs, size, output)
    case .maxPool(let size): pool("MaxPool", inputs, size, output)
    }
  }

  private mutating func transposed(_ x: Operand) -> String {
    var order = Array(x.shape.indices)
    order.swapAt(order.count - 1, order.count - 2)
    return step("Transpose", [x.name], [.integers("perm", order)])
  }

  private mutating func reduce(
    _ type: String, _ input: String, _ axes: [Int], _ keep: Bool, _ output: String
  ) {
    node(type, [input, integers(axes)], output, [.integer("keepdims", keep ? 1 : 0)])
  }

  private mutating func pool(_ type: String, _ inputs: [String], _ size: Int, _ output: String) {
    node(
      type, inputs, output,
      [.integers("kernel_shape", [size, size]), .integers("strides", [size, size])])
  }
}
