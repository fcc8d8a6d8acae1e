/// A method with its checked parameters.
public enum MethodParameters: Sendable, Hashable {
  case segment(SegmentParameters)
  case imagePut
  case imageDrop(imageID: String)
  case categoriesList(CategoriesListParameters)
  case categoriesResolve(queries: [String])
  case report(ReportParameters)
  case capabilities
  case status
  /// `id` of the request to be cancelled.
  case cancel(id: String)
  case streamReplay(StreamReplayParameters)
  case modelReload(name: String?)

  public var method: Method {
    switch self {
    case .segment: .segment
    case .imagePut: .imagePut
    case .imageDrop: .imageDrop
    case .categoriesList: .categoriesList
    case .categoriesResolve: .categoriesResolve
    case .report: .report
    case .capabilities: .capabilities
    case .status: .status
    case .cancel: .cancel
    case .streamReplay: .streamReplay
    case .modelReload: .modelReload
    }
  }
}

/// The parameters of `categories.list`; nil: no filter.
public struct CategoriesListParameters: Sendable, Hashable {
  public var region: String?
  public var modality: String?
  public init(region: String? = nil, modality: String? = nil) {
    self.region = region
    self.modality = modality
  }
}

/// The parameters of `report`.
public struct ReportParameters: Sendable, Hashable {
  public enum Format: String, Sendable, Hashable, CaseIterable {
    case json, html
  }

  /// Nil: all trained categories that are found present.
  public var categories: [String]?
  /// In place of the input `image`.
  public var imageID: String?
  public var format: Format
  public var publish: String?

  public init(
    categories: [String]? = nil, imageID: String? = nil, format: Format = .json,
    publish: String? = nil
  ) {
    self.categories = categories
    self.imageID = imageID
    self.format = format
    self.publish = publish
  }
}

/// The parameters of `stream.replay`.
public struct StreamReplayParameters: Sendable, Hashable {
  /// Messages after this position; exclusive.
  public var from: Int
  /// Topic prefixes; nil: all.
  public var topics: [String]?
  public var limit: Int?

  public init(from: Int, topics: [String]? = nil, limit: Int? = nil) {
    self.from = from
    self.topics = topics
    self.limit = limit
  }
}
