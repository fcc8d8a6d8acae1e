import Foundation
import Imaging
public import SegSAM

/// Pictures of a report's examples.
public struct ExamplePictures: Sendable {
  /// One example's picture, or why there is none.
  enum Content: Sendable, Hashable {
    case picture(Picture)
    /// The data set's licence does not say that it may be shown.
    case licence
  }

  struct Key: Sendable, Hashable {
    var dataSet: String, category: String
    var rank: ExampleCase.Rank
  }

  var contents: [Key: Content] = [:]
  public init() {}
}

extension Evaluation {
  /// Asks again for each pair's examples and draws them, of data sets whose `licence_class` is `open`.
  ///
  /// - Parameter report: of the same settings and engine.
  public func pictures(
    of report: EvaluationReport, engine: any SegmentationEngine
  ) async throws -> ExamplePictures {
    var made = ExamplePictures()
    for set in corpus.dataSets {
      // Of each file what is wanted of it, so that a volume is decoded once.
      var wanted: [String: [(key: ExamplePictures.Key, place: CasePlace)]] = [:]
      for pair in report.pairs where pair.dataSet == set.name {
        for each in pair.examples {
          let key = ExamplePictures.Key(
            dataSet: set.name, category: pair.category, rank: each.rank)
          if set.licenceClass == "open" {
            wanted[each.place.image, default: []].append((key, each.place))
          } else {
            made.contents[key] = .licence
          }
        }
      }
      for file in set.cases {
        guard let here = wanted.removeValue(forKey: file.image) else { continue }
        let opened = try EvaluationCase(file, of: set, vocabulary: vocabulary)
        let whole = try await askWhole(opened, engine: engine)
        for (key, place) in here {
          guard let slice = opened.slice(place.slice ?? 0)?.only(key.category),
            let truth = slice.truths.first
          else { continue }
          let known = whole?.slice(place.slice ?? 0)
          let place = opened.categories.firstIndex(of: key.category)
          let answer =
            if let known, let place {
              known.queries[place].mask
            } else {
              try await ask(slice, engine: engine).first?.mask
            }
          made.contents[key] = .picture(
            try OutlinePicture.draw(
              slice.image, answer: answer ?? BinaryMask(width: truth.width, height: truth.height),
              truth: truth))
        }
      }
    }
    return made
  }
}
