public import Imaging
public import SegSAM

/// An image with the answers about it: what a report is made of.
///
/// Making reports is plain computation over whole volumes: keep it off the cooperative pool.
public struct Study: Sendable {
  /// How a query is called and drawn.
  public struct Subject: Sendable, Hashable {
    /// For people; any language.
    public var name: String
    /// RGB, 0 to 255.
    public var color: [UInt8]
    public init(name: String, color: [UInt8]) {
      self.name = name
      self.color = color.count == 3 ? color : [255, 200, 0]
    }
  }

  public let image: MedicalImage
  public let model: ModelInfo
  public let created: String?
  let answers: [(query: QueryResult, subject: Subject)]

  /// - Parameters:
  ///   - results: with binary masks; their queries in order are the findings.
  ///   - subjects: one for each query over all results.
  ///   - created: when, as ISO 8601.
  /// - Throws: `mismatch` for another number of subjects, or masks on another grid.
  public init(
    image: MedicalImage, results: [SegmentationResult], subjects: [Subject], model: ModelInfo,
    created: String? = nil
  ) throws(ImagingError) {
    let queries = results.flatMap(\.queries)
    guard queries.count == subjects.count else {
      throw ImagingError(.mismatch, "\(queries.count) answers, but \(subjects.count) names")
    }
    for mask in queries.compactMap(\.mask)
    where mask.width != image.width || mask.height != image.height || mask.depth != image.depth {
      throw ImagingError(.mismatch, "a mask is not on the image's grid")
    }
    self.image = image
    self.model = model
    self.created = created
    answers = Array(zip(queries, subjects))
  }

  /// The measurements.
  public func report() -> StudyReport {
    let known = image.hasSpacing && image.affine.isUsable
    return StudyReport(
      notice: StudyReport.notice, created: created,
      model: StudyReport.Model(name: model.name, version: model.version),
      image: StudyReport.Image(
        shape: image.gridShape,
        spacing: known ? Array(image.affine.spacing.prefix(image.isVolume ? 3 : 2)) : nil,
        affine: known ? image.affine.rows : nil, modality: image.modality?.rawValue,
        intensity: image.intensity.rawValue),
      findings: answers.map { finding($0.query, $0.subject, known: known) })
  }

  private func finding(_ query: QueryResult, _ subject: Subject, known: Bool) -> Finding {
    var finding = Finding(
      category: query.category, name: subject.name, present: query.isPresent,
      presence: query.presence, score: query.score, voxels: 0,
      parts: query.parts.map {
        Finding.Part(category: $0.category, present: $0.isPresent, presence: $0.presence)
      }, warnings: query.warnings.isEmpty ? nil : query.warnings)
    guard query.isPresent, let mask = query.mask, let box = mask.boundingBox else { return finding }
    finding.voxels = mask.count
    finding.box = box.bounds(isVolume: image.isVolume)
    if known && image.isVolume { finding.volume = mask.volume(image.affine) }
    if known && !image.isVolume { finding.area = mask.area(image.affine) }
    if let statistics = IntensityStatistics(image, under: mask) {
      finding.intensity = Finding.Intensity(
        mean: statistics.mean, standardDeviation: statistics.standardDeviation,
        minimum: statistics.minimum, maximum: statistics.maximum)
    }
    if image.isVolume {
      let counts = sliceCounts(mask)
      finding.slices = Finding.Slices(
        first: box.lower[2], last: box.upper[2] - 1, count: counts.count { $0 > 0 },
        largest: counts.firstIndex(of: counts.max() ?? 0) ?? box.lower[2])
    }
    return finding
  }
}

/// Voxels of the mask in each slice along k.
func sliceCounts(_ mask: BinaryMask) -> [Int] {
  let size = mask.width * mask.height
  return mask.voxels.withUnsafeBufferPointer { voxels in
    (0..<mask.depth).map { k in
      var sum = 0
      for n in k * size..<(k + 1) * size { sum += Int(voxels[n]) }
      return sum
    }
  }
}
