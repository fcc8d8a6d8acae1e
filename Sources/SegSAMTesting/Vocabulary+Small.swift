public import Vocabulary

extension Vocabulary {
  /// Seven categories of the abdomen, one of them a composite and one (`thymus`) that `FakeEngine` was
  /// not trained on: enough for each kind of question, and there without any file.
  public static let small: Vocabulary = {
    func category(_ id: String, _ chinese: String, parts: [String] = []) -> Category {
      let name = id.split(separator: "_").joined(separator: " ")
      let concept = Category.CodedConcept(scheme: "SCT", value: "1", meaning: name)
      return Category(
        id: id, name: name, names: ["en": [name], "la": [], "zh": [chinese]],
        codes: id == "pancreas" ? ["SCT": "15776009"] : [:], region: "abdomen",
        laterality: parts.isEmpty ? .unpaired : .bilateral, parts: parts,
        modalities: id == "thymus" ? ["MR"] : ["CT", "MR"],
        color: Category.Color(red: 1, green: 2, blue: 3),
        dicom: Category.SegmentedProperty(category: concept, type: concept))
    }
    return Vocabulary(
      categories: [
        category("liver", "肝"), category("spleen", "脾"), category("pancreas", "胰腺"),
        category("left_kidney", "左肾"), category("right_kidney", "右肾"),
        category("kidneys", "肾", parts: ["left_kidney", "right_kidney"]),
        category("thymus", "胸腺"),
      ], descriptions: [])
  }()
}

extension FakeEngine {
  /// Of the small vocabulary, what this engine was trained on unless told otherwise.
  public static let usual: Set<String> = [
    "liver", "spleen", "pancreas", "left_kidney", "right_kidney",
  ]
}
