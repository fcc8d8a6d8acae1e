public import BusProtocol

/// The image of a request.
public enum ImageSource: Sendable, Hashable {
  /// Little-endian values in C order, with their shape and parameters.
  case tensor(Tensor)
  /// Held by the server, from `putImage`.
  case held(String)

  /// Pixels or voxels: `[H, W]`, `[H, W, 3]` or `[D, H, W]`, which at rank 3 `parameters.layout`
  /// tells apart.
  public static func pixels(
    _ bytes: [UInt8], datatype: Datatype, shape: [Int],
    parameters: InputImageParameters = InputImageParameters()
  ) -> ImageSource {
    .tensor(
      Tensor(
        name: "image", datatype: datatype, shape: shape, parameters: parameters.json, bytes: bytes))
  }

  /// A whole file, of one of the `content_types` of `capabilities`.
  public static func file(
    _ bytes: [UInt8], contentType: String, modality: String? = nil
  ) -> ImageSource {
    let parameters = InputImageParameters(modality: modality, contentType: contentType)
    return .tensor(
      Tensor(name: "image", datatype: .bytes, parameters: parameters.json, bytes: bytes))
  }

  var tensor: Tensor? {
    if case .tensor(let tensor) = self { tensor } else { nil }
  }

  var imageID: String? {
    if case .held(let id) = self { id } else { nil }
  }
}
