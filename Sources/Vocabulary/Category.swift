/// One thing that SegSAM can be asked for: an entry of `vocab/<region>.json`.
///
/// The format is described in `docs/vocabulary.md`. A value of this type has passed the checks of a
/// single entry (colour, laterality, identifier); relations to other entries are checked when a
/// ``Vocabulary`` is loaded.
public struct Category: Sendable, Hashable, Identifiable {
  /// The key, snake_case; also the stem of the prompt file.
  public let id: String
  /// English display name, "left kidney".
  public let name: String
  /// Names by language (`en`, `la`, `zh`), the first of each the usual one.
  public let names: [String: [String]]
  /// Codes by scheme: `SCT` (SNOMED CT), `TotalSegmentator` (version 2's class name).
  public let codes: [String: String]
  /// The region: the file that the entry stands in.
  public let region: String
  public let laterality: Laterality
  /// The broader category, if any.
  public let parent: String?
  /// The category inside which this one is drawn, and which it beats where both are.
  public let inside: String?
  /// For a composite: the ids whose union it is. Empty for a concrete category.
  public let parts: [String]
  /// In how many connected pieces a concrete category comes at most in one volume; nil: in any number.
  public let pieces: Int?
  /// Between which volumes one lies that is wholly in the image, in millilitres; generous, for adults.
  /// Nil: nothing is said.
  public let plausibleVolume: ClosedRange<Double>?
  /// DICOM's terms for the modalities in which it is typically segmented, the commonest first.
  public let modalities: [String]
  public let color: Color
  /// For DICOM SEG: segmented property category and type.
  public let dicom: SegmentedProperty

  public init(
    id: String, name: String, names: [String: [String]], codes: [String: String] = [:],
    region: String, laterality: Laterality = .unpaired, parent: String? = nil,
    inside: String? = nil, parts: [String] = [], pieces: Int? = nil,
    plausibleVolume: ClosedRange<Double>? = nil, modalities: [String], color: Color,
    dicom: SegmentedProperty
  ) {
    self.id = id
    self.name = name
    self.names = names
    self.codes = codes
    self.region = region
    self.laterality = laterality
    self.parent = parent
    self.inside = inside
    self.parts = parts
    self.pieces = pieces
    self.plausibleVolume = plausibleVolume
    self.modalities = modalities
    self.color = color
    self.dicom = dicom
  }

  /// Whether this is a union of other categories.
  public var isComposite: Bool { !parts.isEmpty }
}

extension Category {
  /// The side of the patient that a category belongs to.
  public enum Laterality: String, Sendable, Hashable, CaseIterable {
    case left, right, unpaired
    /// Both sides in one: a composite of them, or a pair that is drawn as one thing.
    case bilateral
  }

  /// A display colour, sRGB, 0–255.
  public struct Color: Sendable, Hashable {
    public let red: UInt8
    public let green: UInt8
    public let blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }
  }

  /// A coded entry of DICOM's (PS3.3 8.8): coding scheme designator, code value, code meaning.
  public struct CodedConcept: Sendable, Hashable {
    public let scheme: String
    public let value: String
    public let meaning: String

    public init(scheme: String, value: String, meaning: String) {
      self.scheme = scheme
      self.value = value
      self.meaning = meaning
    }
  }

  /// Segmented Property Category (CID 7150) and Type of a DICOM segment.
  public struct SegmentedProperty: Sendable, Hashable {
    public let category: CodedConcept
    public let type: CodedConcept

    public init(category: CodedConcept, type: CodedConcept) {
      self.category = category
      self.type = type
    }
  }
}
