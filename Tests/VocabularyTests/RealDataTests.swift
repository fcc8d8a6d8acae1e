import Foundation
import Testing
import Vocabulary

@Suite("The data of vocab/ and prompts/")
struct RealDataTests {
  @Test("break no rule")
  func validates() throws {
    let findings = try VocabularyValidator.validate(at: RealData.location)
    #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
  }

  @Test("number at least 200")
  func count() throws {
    #expect(try RealData.vocabulary.get().categories.count >= 200)
  }

  @Test("hold every class of TotalSegmentator v2", arguments: totalSegmentatorV2)
  func totalSegmentator(name: String) throws {
    let match = try RealData.vocabulary.get().resolve("TotalSegmentator:\(name)", allowFuzzy: false)
    let category = try #require(match.category)
    #expect(match.kind == .code)
    #expect(try RealData.vocabulary.get()[category]?.codes["TotalSegmentator"] == name)
  }

  @Test("find every category by each of its names, and by nothing fuzzy")
  func ownNames() throws {
    let vocabulary = try RealData.vocabulary.get()
    for category in vocabulary.categories {
      for name in [category.id, category.name] + category.names.values.flatMap({ $0 }) {
        let match = vocabulary.resolve(name, allowFuzzy: false)
        #expect(match.category == category.id, "\(name)")
      }
    }
  }

  @Test("give six texts for every category in each of its modalities")
  func aspects() throws {
    let vocabulary = try RealData.vocabulary.get()
    for category in vocabulary.categories {
      for modality in category.modalities.map(Optional.some) + [nil] {
        let texts = vocabulary.aspectTexts(for: category.id, modality: modality)
        #expect(texts.count == 6 && texts.allSatisfy { !$0.isEmpty }, "\(category.id)")
        #expect(texts.first == category.name)
      }
    }
  }

  @Test(
    "cover the corpus, with an appearance for each set's modality",
    .enabled(
      if: FileManager.default.fileExists(atPath: RealData.corpus.path),
      "the corpus is not beside this checkout (../shared/corpus)"))
  func corpus() throws {
    struct DataSet: Decodable {
      let name: String
      let modality: String
      let labels: [String: String]
    }
    let vocabulary = try RealData.vocabulary.get()
    let folders = try FileManager.default.contentsOfDirectory(atPath: RealData.corpus.path)
    var checked = 0
    for folder in folders {
      let url = RealData.corpus.appendingPathComponent(folder).appendingPathComponent(
        "dataset.json")
      guard let data = try? Data(contentsOf: url) else { continue }
      let set = try JSONDecoder().decode(DataSet.self, from: data)
      for id in set.labels.values {
        let category = try #require(vocabulary[id], "\(set.name): \(id)")
        let description = try #require(vocabulary.description(of: id))
        #expect(category.modalities.contains(set.modality), "\(set.name): \(id), \(set.modality)")
        #expect(
          description.appearance[set.modality] != nil, "\(set.name): \(id), \(set.modality)")
        checked += 1
      }
    }
    #expect(checked >= 84)
  }
}
