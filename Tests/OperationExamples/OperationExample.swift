import Foundation
public import NeuralGraph

/// An operation of the graph with operands and the result that PyTorch gives; every interpreter of a
/// graph is tested against them.
public struct OperationExample: Sendable, CustomStringConvertible {
  /// The name in `operations.safetensors`.
  public let name: String
  public let operation: NeuralGraph.Operation
  public var description: String { name }

  /// The file of operands and results, for readers in other languages.
  public static let fixtures =
    (Bundle.module.resourceURL ?? Bundle.module.bundleURL)
    .appendingPathComponent("Fixtures/operations.safetensors").path

  public static let all: [OperationExample] = [
    .init("conv", .conv2d(stride: 1, padding: 1, groups: 1)),
    .init("conv_stride", .conv2d(stride: 2, padding: 1, groups: 1)),
    .init("conv_patch", .conv2d(stride: 4, padding: 0, groups: 1)),
    .init("conv_depthwise", .conv2d(stride: 1, padding: 2, groups: 4)),
    .init("conv_grouped", .conv2d(stride: 1, padding: 1, groups: 2)),
    .init("conv_transpose", .convTranspose2d(stride: 2)),
    .init("conv_transpose_plain", .convTranspose2d(stride: 4)),
    .init("conv_transpose_padded", .convTranspose2d(stride: 2, padding: 1)),
    .init("linear", .linear), .init("linear_plain", .linear),
    .init("matmul", .matmul(transposeB: false)),
    .init("matmul_spread", .matmul(transposeB: false)),
    .init("matmul_transposed", .matmul(transposeB: true)),
    .init("attention", .attention(scale: 0.7)), .init("attention_flat", .attention(scale: 0.25)),
    .init("add", .add), .init("subtract", .subtract), .init("multiply", .multiply),
    .init("divide", .divide), .init("maximum", .maximum), .init("minimum", .minimum),
    .init("affine", .affine(factor: -1.5, offset: 0.25)),
    .init("power_square", .power(2)), .init("power_root", .power(0.5)),
    .init("relu", .relu), .init("gelu", .gelu), .init("sigmoid", .sigmoid), .init("tanh", .tanh),
    .init("exponential", .exponential), .init("logarithm", .logarithm),
    .init("square_root", .squareRoot), .init("sine", .sine), .init("cosine", .cosine),
    .init("absolute", .absolute), .init("softplus", .softplus),
    .init("stop_gradient", .stopGradient),
    .init("softmax_last", .softmax(axis: -1)), .init("softmax_first", .softmax(axis: 1)),
    .init("layer_norm", .layerNorm(epsilon: 1e-5)),
    .init("layer_norm_scale", .layerNorm(epsilon: 1e-6)),
    .init("layer_norm_plain", .layerNorm(epsilon: 1e-5)),
    .init("group_norm", .groupNorm(groups: 2, epsilon: 1e-5)),
    .init("group_norm_one", .groupNorm(groups: 1, epsilon: 1e-6)),
    .init("reshape", .reshape([4, 6])), .init("transpose", .transpose([2, 0, 1])),
    .init("concatenate", .concatenate(axis: 1)), .init("slice", .slice(axis: 1, start: 1, end: 3)),
    .init("broadcast", .broadcast([2, 3, 4])),
    .init("gather_rows", .gather(axis: 0)), .init("gather_columns", .gather(axis: 1)),
    .init("sum", .sum(axes: [0, 2], keep: false)), .init("sum_keep", .sum(axes: [-1], keep: true)),
    .init("mean", .mean(axes: [1], keep: false)),
    .init("mean_keep", .mean(axes: [-2, -1], keep: true)),
    .init("reduce_maximum", .reduceMaximum(axes: [2], keep: false)),
    .init("reduce_maximum_keep", .reduceMaximum(axes: [0, 1], keep: true)),
    .init("resize_up", .resizeBilinear(height: 8, width: 12)),
    .init("resize_down", .resizeBilinear(height: 3, width: 2)),
    .init("resize_mixed", .resizeBilinear(height: 5, width: 4)),
    .init("resize_point", .resizeBilinear(height: 1, width: 1)),
    .init("average_pool", .averagePool(size: 2)), .init("max_pool", .maxPool(size: 3)),
  ]

  init(_ name: String, _ operation: NeuralGraph.Operation) {
    self.name = name
    self.operation = operation
  }
}
