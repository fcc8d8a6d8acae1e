public import BusProtocol

extension SegSAMClient {
  /// The vocabulary, or a part of it.
  public func categories(
    region: String? = nil, modality: String? = nil, options: RequestOptions = .init()
  ) async throws(ClientError) -> [CategoryInfo] {
    let filter = CategoriesListParameters(region: region, modality: modality)
    let result: CategoriesListResult = try await call(.categoriesList(filter), options: options)
      .result()
    return result.categories
  }

  /// How the server understands names, in order.
  public func resolve(
    _ queries: [String], options: RequestOptions = .init()
  ) async throws(ClientError) -> [CategoryMatch] {
    let result: CategoriesResolveResult = try await call(
      .categoriesResolve(queries: queries), options: options
    ).result()
    return result.matches
  }

  public func capabilities(
    options: RequestOptions = .init()
  ) async throws(ClientError) -> CapabilitiesResult {
    try await call(.capabilities, options: options).result()
  }

  public func status(
    options: RequestOptions = .init()
  ) async throws(ClientError) -> StatusResult {
    try await call(.status, options: options).result()
  }

  /// Cancels a request of this client.
  ///
  /// - Parameter id: of the request, as in `RequestOptions.id` or `Exchange.id`.
  /// - Returns: whether it was still to be stopped.
  @discardableResult
  public func cancel(
    _ id: String, options: RequestOptions = .init()
  ) async throws(ClientError) -> Bool {
    let result: CancelResult = try await call(.cancel(id: id), options: options).result()
    return result.cancelled
  }
}
