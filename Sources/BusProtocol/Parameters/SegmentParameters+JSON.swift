public import JSONC

extension SegmentParameters {
  static let names = [
    "categories", "free_text", "boxes", "points", "image_id", "outputs", "encoding", "threshold",
    "presence_threshold", "publish", "refine", "zoom", "propagate", "post_process",
  ]

  /// - Parameter hasMask: whether an input `mask` came, which says what to look for, too.
  init(
    _ members: Members, limits: ProtocolLimits, hasMask: Bool = false
  ) throws(ProtocolError) {
    try members.allow(only: Self.names)
    self.init()
    categories = try members.queries("categories", limits: limits) ?? []
    freeText = try members.freeText("free_text", limits: limits)
    boxes = try Self.boxes(members)
    refine = try members.string("refine")
    if let refine, !MessageParser.isValidID(refine) {
      throw members.wrong("refine", "refine is the id of an earlier request")
    }
    guard hasText || !boxes.isEmpty || members["points"] != nil || refine != nil || hasMask else {
      throw .invalidArgument(
        "say what to look for: at least one of categories, free_text, boxes, points, refine, or a mask",
        path: members.path)
    }
    guard queryCount <= limits.queries else {
      throw .tooLarge(limit: "queries", maximum: limits.queries, actual: queryCount)
    }
    guard boxes.count <= 1 || boxes.count == queryCount else {
      throw members.wrong(
        "boxes", "one box, or one for each of the \(queryCount) queries (null for none)")
    }
    guard hasText || boxes.isEmpty || !boxes.contains(nil) else {
      throw members.wrong("boxes", "without text every query needs its box")
    }
    points = try Self.points(members, queries: queryCount, limits: limits)
    imageID = try members.imageID("image_id")
    if let names = try members.strings("outputs") {
      outputs = []
      for (index, name) in names.enumerated() {
        outputs.insert(
          try Members.choice(name, Output.self, at: members.path("outputs[\(index)]")))
      }
    }
    encoding = try members.choice("encoding", Encoding.self) ?? .raw
    threshold = try members.number("threshold") ?? 0.5
    guard threshold > 0, threshold < 1 else {
      throw members.wrong("threshold", "threshold must be over 0 and under 1")
    }
    presenceThreshold = try members.number("presence_threshold")
    if let presenceThreshold, !(0...1).contains(presenceThreshold) {
      throw members.wrong("presence_threshold", "presence_threshold must be in 0...1")
    }
    publish = try members.study("publish")
    zoom = try members.choice("zoom", Zoom.self)
    propagate = try members.choice("propagate", Propagation.self)
    if let names = try members.strings("post_process") {
      var steps: Set<PostProcessing> = []
      for (index, name) in names.enumerated() {
        steps.insert(
          try Members.choice(
            name, PostProcessing.self, at: members.path("post_process[\(index)]")))
      }
      postProcess = steps
    }
  }

  /// One box, or a list of boxes and nulls.
  private static func boxes(_ members: Members) throws(ProtocolError) -> [[Double]?] {
    guard let elements = try members.array("boxes") else { return [] }
    let path = members.path("boxes")
    if let first = elements.first, first.doubleValue != nil {
      return [try box(.array(elements), at: path)]
    }
    guard !elements.isEmpty else { throw members.wrong("boxes", "boxes must not be empty") }
    var boxes: [[Double]?] = []
    for (index, element) in elements.enumerated() {
      boxes.append(element.isNull ? nil : try box(element, at: "\(path)[\(index)]"))
    }
    return boxes
  }

  private static func box(_ value: JSONValue, at path: String) throws(ProtocolError) -> [Double] {
    let box = try Members.numbers(value, counts: [4, 6], bound: 1_000_000, at: path)
    let rank = box.count / 2
    for axis in 0..<rank where box[axis] >= box[axis + rank] {
      throw .invalidArgument(
        "a box is [x0, y0, x1, y1] or [x0, y0, z0, x1, y1, z1], each lower bound under its upper",
        path: path)
    }
    return box
  }

  private static func points(
    _ members: Members, queries: Int, limits: ProtocolLimits
  ) throws(ProtocolError) -> [Point] {
    guard let elements = try members.array("points") else { return [] }
    guard !elements.isEmpty else { throw members.wrong("points", "points must not be empty") }
    guard elements.count <= limits.points else {
      throw .tooLarge(limit: "points", maximum: limits.points, actual: elements.count)
    }
    var points: [Point] = []
    for (index, element) in elements.enumerated() {
      let path = members.path("points[\(index)]")
      guard let object = element.objectValue else {
        throw .invalidArgument(
          "a point is an object: {\"at\": [x, y], \"label\": 1}", path: path)
      }
      let point = Members(object, at: path)
      try point.allow(only: ["at", "label", "query"])
      guard let at = point["at"], let label = try point.integer("label", in: 0...1) else {
        let missing = point["at"] == nil ? "at" : "label"
        throw point.wrong(missing, "\(missing) is needed")
      }
      points.append(
        Point(
          at: try Members.numbers(at, counts: [2, 3], bound: 1_000_000, at: point.path("at")),
          isPositive: label == 1,
          query: try point.integer("query", in: 0...(queries - 1))))
    }
    return points
  }

  public var json: JSONObject {
    var object: JSONObject = [:]
    if !categories.isEmpty { object["categories"] = JSONValue(categories) }
    if let freeText { object["free_text"] = .string(freeText) }
    if !boxes.isEmpty { object["boxes"] = .array(boxes.map { $0.map { JSONValue($0) } ?? .null }) }
    if !points.isEmpty { object["points"] = .array(points.map(\.json)) }
    if let imageID { object["image_id"] = .string(imageID) }
    if outputs != Output.usual {
      object["outputs"] = JSONValue(Output.allCases.filter(outputs.contains).map(\.rawValue))
    }
    if encoding != .raw { object["encoding"] = .string(encoding.rawValue) }
    if threshold != 0.5 { object["threshold"] = .double(threshold) }
    if let presenceThreshold { object["presence_threshold"] = .double(presenceThreshold) }
    if let refine { object["refine"] = .string(refine) }
    if let zoom { object["zoom"] = .string(zoom.rawValue) }
    if let propagate { object["propagate"] = .string(propagate.rawValue) }
    if let postProcess {
      object["post_process"] = JSONValue(
        PostProcessing.allCases.filter(postProcess.contains).map(\.rawValue))
    }
    if let publish { object["publish"] = .string(publish) }
    return object
  }
}

extension SegmentParameters.Point {
  var json: JSONValue {
    var object: JSONObject = ["at": JSONValue(at), "label": isPositive ? 1 : 0]
    if let query { object["query"] = JSONValue(query) }
    return .object(object)
  }
}
