import Testing
import Vocabulary

@Suite("Resolving a query")
struct ResolveTests {
  let vocabulary: Vocabulary

  init() throws { vocabulary = try RealData.vocabulary.get() }

  @Test(
    "certain",
    arguments: [
      ("pancreas", "pancreas", Match.Kind.name), ("Pancreas", "pancreas", .name),
      ("  PANCREAS ", "pancreas", .name), ("ｐａｎｃｒｅａｓ", "pancreas", .name),
      ("páncreas", "pancreas", .name), ("胰腺", "pancreas", .synonym),
      ("SCT:15776009", "pancreas", .code), ("sct:15776009", "pancreas", .code),
      ("ＳＣＴ：15776009", "pancreas", .code), ("TotalSegmentator:spleen", "spleen", .code),
      ("totalsegmentator:Kidney_Left", "left_kidney", .code),
      ("left_kidney", "left_kidney", .name), ("Left-Kidney", "left_kidney", .name),
      ("kidney left", "left_kidney", .synonym), ("kidney, left", "left_kidney", .synonym),
      ("kidney_left", "left_kidney", .synonym), ("lt kidney", "left_kidney", .synonym),
      ("left kidneys", "left_kidney", .synonym), ("左肾", "left_kidney", .synonym),
      ("左 肾", "left_kidney", .synonym), ("右肾", "right_kidney", .synonym),
      ("ren sinister", "left_kidney", .synonym), ("kidney", "kidneys", .composite),
      ("Kidneys", "kidneys", .composite), ("both kidneys", "kidneys", .composite),
      ("肾", "kidneys", .composite), ("lung", "lungs", .composite),
      ("adrenal gland", "adrenal_glands", .composite),
      ("femur", "femora", .composite), ("livers", "liver", .name),
      ("oesophagus", "esophagus", .synonym), ("L3 vertebra", "vertebra_L3", .name),
      ("vertebra L3", "vertebra_L3", .name), ("vertebrae_L3", "vertebra_L3", .synonym),
      ("breast tumour", "breast_tumor", .composite),
    ])
  func certain(query: String, category: String, kind: Match.Kind) {
    for allowFuzzy in [true, false] {
      let match = vocabulary.resolve(query, allowFuzzy: allowFuzzy)
      #expect(match.category == category)
      // A plural finds the display name by another form; both kinds are certain.
      #expect(match.kind == kind || (match.kind, kind) == (.synonym, .name))
      #expect(match.score == 1)
      #expect(match.suggestions.isEmpty)
      #expect(match.query == query)
    }
  }

  @Test(
    "fuzzy, where it is allowed",
    arguments: [
      ("pancraes", "pancreas"), ("pancras", "pancreas"), ("gallbladdr", "gallbladder"),
      ("left kidny", "left_kidney"), ("kidny left", "left_kidney"),
      ("right kidnye", "right_kidney"),
    ])
  func fuzzy(query: String, category: String) {
    let match = vocabulary.resolve(query)
    #expect(match.category == category)
    #expect(match.kind == .fuzzy)
    #expect(match.score > 0.82 && match.score < 1)
    let strict = vocabulary.resolve(query, allowFuzzy: false)
    #expect(strict.category == nil)
    #expect(strict.kind == .none)
    #expect(strict.suggestions.first == category)
    #expect(strict.suggestions.count <= 5)
  }

  @Test("pancraes scores 0.9, one swapped pair of letters in eight")
  func score() {
    #expect(abs(vocabulary.resolve("pancraes").score - 0.9) < 1e-9)
  }

  @Test(
    "nothing, whatever is near",
    arguments: [
      "lfet kidney", "vertebra L33", "left rib 13", "left pancreas", "river", "xyzzy", "", "   ",
      "SCT:1", "SCT:", "TotalSegmentator:", "TotalSegmentator:kidny", "💥", "\u{0}",
      "left right kidney", "carotid", "left carotid", "🫁:🫀",
    ])
  func nothing(query: String) {
    let match = vocabulary.resolve(query)
    #expect(match.category == nil, "\(match)")
    #expect(match.kind == .none)
    #expect(match.score == 0)
    #expect(match.suggestions.count <= 5)
    #expect(match.suggestions.allSatisfy { vocabulary[$0] != nil })
  }

  @Test(
    "suggests the longer names that hold the query",
    arguments: [
      ("carotid", "common_carotid_artery"), ("subclavian artery", "left_subclavian_artery"),
      ("subclavian artery", "right_subclavian_artery"), ("椎间盘", "disc_L4_L5"),
      ("ventricle", "right_ventricle"),
    ])
  func suggestions(query: String, expected: String) {
    let match = vocabulary.resolve(query)
    #expect(match.kind == .none)
    #expect(match.suggestions.contains(expected), "\(match.suggestions)")
  }

  @Test("a very long query costs nothing and finds nothing")
  func long() {
    let query = String(repeating: "kidney ", count: 100_000)
    #expect(vocabulary.resolve(query).kind == .none)
  }

  @Test("a slip in a sided name never changes the side", arguments: [1, 2, 3])
  func sides(seed: UInt64) {
    var random = SplitMix(state: seed)
    let sided = vocabulary.categories.filter { [.left, .right].contains($0.laterality) }
    for _ in 0..<40 {
      guard let category = sided.randomElement(using: &random) else { return }
      var letters = Array(category.name)
      let position = Int.random(in: 0..<letters.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: letters.remove(at: position)
      case 1: letters.insert("e", at: position)
      default: letters.swapAt(position, max(0, position - 1))
      }
      let match = vocabulary.resolve(String(letters))
      if let found = match.category.flatMap({ vocabulary[$0] }) {
        #expect(found.laterality == category.laterality, "\(String(letters)) → \(found.id)")
      }
    }
  }

  @Test("the same answer every time")
  func deterministic() throws {
    let again = try Vocabulary.load(at: RealData.location)
    for query in ["kidny", "vein", "tumor", "gland", "左", "ver"] {
      #expect(vocabulary.resolve(query) == again.resolve(query))
    }
  }
}

/// Steele, Lea and Flood's SplitMix64: the tests' randomness has a seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
