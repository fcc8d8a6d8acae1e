import Foundation
import Imaging
import Reporting

extension EvaluationPage {
  /// Of each pair the best, the median and the worst image.
  var examples: String {
    let shown = report.pairs.filter { !$0.examples.isEmpty }
    guard !shown.isEmpty else { return "" }
    let groups = shown.map { pair in
      let figures = pair.examples.map { figure($0, of: pair) }.joined(separator: "\n")
      return """
        <h3>\(escaped(pair.category)) · \(escaped(pair.dataSet))</h3>
        <div class="examples">
        \(figures)
        </div>
        """
    }
    let legend = [
      ("answer", OutlinePicture.answerColour), ("truth", OutlinePicture.truthColour),
      ("both", OutlinePicture.bothColour),
    ].map { name, colour in
      let rgb = colour.map(String.init).joined(separator: " ")
      return "<span class=\"swatch\" style=\"background: rgb(\(rgb)); border: 1px solid #888\">"
        + "</span>\(name)"
    }.joined(separator: " &nbsp; ")
    return section(
      "Best, median and worst by DSC of M_b",
      "<p class=\"meta\">Outlines: \(legend)</p>\n" + groups.joined(separator: "\n"))
  }

  private func figure(_ example: ExampleCase, of pair: PairMeasure) -> String {
    let slice = example.place.slice.map { ", slice \($0)" } ?? ""
    let caption = """
      \(example.rank.rawValue), DSC \(example.dice.shown(3)): \(example.place.image)\(slice)
      """
    let key = ExamplePictures.Key(
      dataSet: pair.dataSet, category: pair.category, rank: example.rank)
    let inside =
      switch pictures.contents[key] {
      case .picture(let picture): self.image(picture, alt: caption)
      case .licence: "<p class=\"meta\">no picture: licence</p>"
      case nil: "<p class=\"meta\">no picture</p>"
      }
    return "<figure>\(inside)<figcaption>\(escaped(caption))</figcaption></figure>"
  }

  private func image(_ picture: Picture, alt: String) -> String {
    guard let bytes = try? picture.png() else { return "<p class=\"meta\">no picture</p>" }
    return "<img width=\"\(picture.width)\" height=\"\(picture.height)\" alt=\"\(escaped(alt))\" "
      + "src=\"data:image/png;base64,\(Data(bytes).base64EncodedString())\">"
  }
}
