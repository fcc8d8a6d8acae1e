/// One network of an ablation: which of SEG-SAM's parts it has, and what text it is given.
public struct AblationVariant: Sendable, Hashable {
  public var name: String
  /// DSC of M_b and M_s that the paper reports for it (arXiv 2412.12660, ablation), in [0, 1].
  public var paper: (binary: Double, semantic: Double?)?
  /// How objects are asked for, in training and in validation.
  var asks: ValidationPrompt
  var hasSemanticDecoder = true
  var hasCategoryTokens = true
  var drawsWholeImage = false
  var aligns = true
  var text = TextChoice.all

  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// SEG-SAM's parts, one more each time, as in the paper: each object is asked for by one click.
  public static let parts: [AblationVariant] = {
    var baseline = AblationVariant(
      name: "SAM's decoder alone", paper: (0.6545, nil), asks: .point)
    (baseline.hasSemanticDecoder, baseline.hasCategoryTokens, baseline.aligns) =
      (false, false, false)
    var token = baseline
    (token.name, token.paper) = ("+ SO-token", (0.6853, 0.7014))
    token.hasSemanticDecoder = true
    var whole = token
    (whole.name, whole.paper) = ("  the whole image in place of CO-tokens", (0.6769, 0.6903))
    whole.drawsWholeImage = true
    var categories = token
    (categories.name, categories.paper) = ("+ CO-tokens", (0.6988, 0.7168))
    categories.hasCategoryTokens = true
    var text = categories
    (text.name, text.paper, text.asks) = ("+ T2VSE", (0.7170, 0.7367), .textAndPoint)
    var all = text
    (all.name, all.paper, all.aligns) = ("+ cross-mask alignment", (0.7315, 0.7528), true)
    return [baseline, token, whole, categories, text, all]
  }()

  /// The whole network, asked by text alone, with different texts.
  public static let texts: [AblationVariant] = TextChoice.allCases.map { choice in
    var variant = AblationVariant(name: choice.title, paper: nil, asks: .text)
    variant.text = choice
    variant.drawsWholeImage = true
    return variant
  }

  /// A run's settings without the parts that this variant lacks.
  func changed(_ configuration: TrainingConfiguration) -> TrainingConfiguration {
    var c = configuration
    c.text = text
    c.usesCategoryTokens = hasCategoryTokens
    if !hasCategoryTokens { c.weights.classes = 0 }
    if !drawsWholeImage { c.weights.drawn = 0 }
    if !aligns { c.weights.consistency = 0 }
    if !hasSemanticDecoder {
      (c.weights.semanticCrossEntropy, c.weights.semanticDice) = (0, 0)
      (c.weights.presence, c.weights.naming) = (0, 0)
    }
    c.mix = PromptMix(only: asks)
    return c
  }
}

/// What a category is told by.
public enum TextChoice: String, Codable, Sendable, CaseIterable {
  case all, name
  case nameAndLocation = "name+location"
  /// SegVol's sentence (arXiv 2311.13385, section 2.3).
  case template
  /// Another category's description.
  case another

  var title: String {
    switch self {
    case .all: "all aspects"
    case .name: "name only"
    case .nameAndLocation: "name and location"
    case .template: "\"A computerized tomography of a …\""
    case .another: "another category's description"
    }
  }
}
