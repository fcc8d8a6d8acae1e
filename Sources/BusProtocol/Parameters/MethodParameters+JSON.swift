public import JSONC

extension MethodParameters {
  /// Reads and checks the `parameters` of a method.
  init(
    _ method: Method, _ members: Members, limits: ProtocolLimits, hasMask: Bool = false
  ) throws(ProtocolError) {
    switch method {
    case .segment:
      self = .segment(try SegmentParameters(members, limits: limits, hasMask: hasMask))
    case .imagePut:
      try members.allow(only: [])
      self = .imagePut
    case .imageDrop:
      try members.allow(only: ["image_id"])
      guard let id = try members.imageID("image_id") else {
        throw members.wrong("image_id", "image_id is needed")
      }
      self = .imageDrop(imageID: id)
    case .categoriesList:
      try members.allow(only: ["region", "modality"])
      self = .categoriesList(
        CategoriesListParameters(
          region: try members.string("region"), modality: try members.string("modality")))
    case .categoriesResolve:
      try members.allow(only: ["queries"])
      guard let queries = try members.queries("queries", limits: limits) else {
        throw members.wrong("queries", "queries is needed: a list of strings")
      }
      self = .categoriesResolve(queries: queries)
    case .report: self = .report(try ReportParameters(members, limits: limits))
    case .capabilities:
      try members.allow(only: [])
      self = .capabilities
    case .status:
      try members.allow(only: [])
      self = .status
    case .cancel:
      try members.allow(only: ["id"])
      let id = try members.requiredString("id")
      guard MessageParser.isValidID(id) else {
        throw members.wrong("id", "no request has such an id")
      }
      self = .cancel(id: id)
    case .streamReplay:
      try members.allow(only: ["from", "topics", "limit"])
      guard let from = try members.integer("from", in: 0 ... .max) else {
        throw members.wrong("from", "from is needed: a position")
      }
      self = .streamReplay(
        StreamReplayParameters(
          from: from, topics: try members.strings("topics"),
          limit: try members.integer("limit", in: 1...limits.replayMessages)))
    case .modelReload:
      try members.allow(only: ["name"])
      self = .modelReload(name: try members.string("name"))
    }
  }

  /// The `parameters` member of the request's header.
  public var json: JSONObject {
    var object: JSONObject = [:]
    switch self {
    case .segment(let segment): return segment.json
    case .imagePut, .capabilities, .status: break
    case .imageDrop(let id): object["image_id"] = .string(id)
    case .categoriesList(let filter):
      if let region = filter.region { object["region"] = .string(region) }
      if let modality = filter.modality { object["modality"] = .string(modality) }
    case .categoriesResolve(let queries): object["queries"] = JSONValue(queries)
    case .report(let report): return report.json
    case .cancel(let id): object["id"] = .string(id)
    case .streamReplay(let replay):
      object["from"] = JSONValue(replay.from)
      if let topics = replay.topics { object["topics"] = JSONValue(topics) }
      if let limit = replay.limit { object["limit"] = JSONValue(limit) }
    case .modelReload(let name):
      if let name { object["name"] = .string(name) }
    }
    return object
  }
}

extension ReportParameters {
  init(_ members: Members, limits: ProtocolLimits) throws(ProtocolError) {
    try members.allow(only: ["categories", "image_id", "format", "publish"])
    self.init(
      categories: try members.queries("categories", limits: limits),
      imageID: try members.imageID("image_id"),
      format: try members.choice("format", Format.self) ?? .json,
      publish: try members.study("publish"))
  }

  var json: JSONObject {
    var object: JSONObject = ["format": .string(format.rawValue)]
    if let categories { object["categories"] = JSONValue(categories) }
    if let imageID { object["image_id"] = .string(imageID) }
    if let publish { object["publish"] = .string(publish) }
    return object
  }
}
