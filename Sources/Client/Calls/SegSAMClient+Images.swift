public import BusProtocol

extension SegSAMClient {
  /// Segments an image; the image in `parameters` is set from `image`.
  ///
  /// - Parameter mask: where the queries start from: UINT8 of 0 and 1, named `mask`, `[…image]` for all or
  ///   `[K, …image]`.
  public func segment(
    _ image: ImageSource, _ parameters: SegmentParameters, mask: Tensor? = nil,
    options: RequestOptions = .init()
  ) async throws(ClientError) -> Segmentation {
    var parameters = parameters
    parameters.imageID = image.imageID
    return try Segmentation(
      await call(.segment(parameters), image: image.tensor, mask: mask, options: options))
  }

  /// Segments the named categories.
  public func segment(
    _ image: ImageSource, _ categories: [String], options: RequestOptions = .init()
  ) async throws(ClientError) -> Segmentation {
    var parameters = SegmentParameters()
    parameters.categories = categories
    return try await segment(image, parameters, options: options)
  }

  /// Has the server encode and hold an image: ask many times with `.held(result.imageID)`.
  public func putImage(
    _ image: ImageSource, options: RequestOptions = .init()
  ) async throws(ClientError) -> ImagePutResult {
    try await call(.imagePut, image: image.tensor, options: options).result()
  }

  /// - Returns: whether there was such an image.
  @discardableResult
  public func dropImage(
    _ imageID: String, options: RequestOptions = .init()
  ) async throws(ClientError) -> Bool {
    let result: ImageDropResult = try await call(.imageDrop(imageID: imageID), options: options)
      .result()
    return result.dropped
  }

  /// Measures what is in an image.
  ///
  /// - Returns: the report as JSON, and as a page where `format` is `html`.
  public func report(
    _ image: ImageSource, _ parameters: ReportParameters = ReportParameters(),
    options: RequestOptions = .init()
  ) async throws(ClientError) -> (report: ReportResult, html: String?) {
    var parameters = parameters
    parameters.imageID = image.imageID
    let reply = try await call(.report(parameters), image: image.tensor, options: options)
    let html = reply.output("html").map { String(decoding: $0.payload.array, as: UTF8.self) }
    return (try reply.result(), html)
  }
}
