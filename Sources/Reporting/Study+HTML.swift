import Foundation
public import Imaging
import SegSAM

extension Study {
  /// One page that holds everything: it asks nothing of any network, and runs nothing.
  ///
  /// - Parameters:
  ///   - title: for people.
  ///   - pictures: how many slices of a volume are shown at most.
  public func html(
    title: String = "Segmentation report", pictures: Int = 6
  ) throws(ImagingError) -> String {
    let report = report()
    var figures = ""
    for plate in try plates(limit: pictures) {
      let data = Data(try plate.picture.png()).base64EncodedString()
      let caption =
        image.isVolume
        ? "Axial slice \(plate.slice + 1) of \(plate.count), from below"
          + (plate.shows.isEmpty
            ? "" : ": the largest section of " + plate.shows.joined(separator: ", "))
        : report.findings.contains(where: \.present) ? "What was found" : "Nothing was found"
      figures += """
        <figure><img width="\(plate.picture.width)" height="\(plate.picture.height)" \
        alt="\(escaped(caption))" src="data:image/png;base64,\(data)">
        <figcaption>\(escaped(caption))</figcaption></figure>

        """
    }
    return page(
      title: title,
      body: """
        <p class="meta">\(escaped(imageLine(report)))</p>
        <p class="notice">\(escaped(report.notice))</p>
        <h2>Found</h2>
        \(found(report))
        <h2>Looked for and not found</h2>
        \(absent(report))
        <h2>Pictures</h2>
        \(figures)<p class="meta">Slices are shown as radiologists see them: the patient's right \
        is on the left of an axial picture.</p>
        <h2>How it was made</h2>
        <p>Model \(escaped(report.model.name)), version \(escaped(report.model.version))\
        \(report.created.map { ", " + escaped($0) } ?? "").</p>
        """)
  }

  private func imageLine(_ report: StudyReport) -> String {
    var parts = [report.image.modality ?? "Unknown modality"]
    parts.append(
      report.image.shape.reversed().map(String.init).joined(separator: " × ") + " voxels")
    if let spacing = report.image.spacing {
      parts.append(spacing.map { number($0, 2) }.joined(separator: " × ") + " mm")
    } else {
      parts.append("spacing unknown: no areas or volumes")
    }
    return parts.joined(separator: " · ")
  }

  private func found(_ report: StudyReport) -> String {
    let rows = zip(report.findings, answers).filter(\.0.present).map { finding, answer in
      row(finding, color: answer.subject.color)
    }
    guard !rows.isEmpty else { return "<p>Nothing.</p>" }
    let unit = report.image.intensity == "HU" ? " (HU)" : ""
    return """
      <div class="wide"><table>
      <thead><tr><th>Structure</th><th class="number">\(image.isVolume ? "Volume" : "Area")</th>\
      <th class="number">Mean ± SD\(unit)</th><th class="number">Presence</th>\
      <th class="number">Score</th><th>\(image.isVolume ? "Slices (k, from 0)" : "Box")</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      """
  }

  private func row(_ finding: Finding, color: [UInt8]) -> String {
    let size =
      finding.volume.map { number($0, 1) + " mL" } ?? finding.area.map { number($0, 2) + " cm²" }
      ?? "\(finding.voxels) voxels"
    let level =
      finding.intensity.map { number($0.mean, 1) + " ± " + number($0.standardDeviation, 1) } ?? "–"
    var place = finding.box.map { $0.map(String.init).joined(separator: ", ") } ?? "–"
    if let slices = finding.slices {
      place = "\(slices.first)–\(slices.last), largest \(slices.largest)"
    }
    var under = finding.category.map { "<small>\(escaped($0))</small>" } ?? ""
    if !finding.parts.isEmpty {
      let parts = finding.parts.map { "\($0.category) \($0.present ? "found" : "not found")" }
      under += "<small>\(escaped(parts.joined(separator: ", ")))</small>"
    }
    for warning in finding.warnings ?? [] { under += "<small>⚠ \(escaped(warning))</small>" }
    let swatch = color.map(String.init).joined(separator: " ")
    return """
      <tr><td><span class="swatch" style="background: rgb(\(swatch))"></span>\
      \(escaped(finding.name))\(under)</td><td class="number">\(size)</td>\
      <td class="number">\(level)</td><td class="number">\(number(finding.presence, 2))</td>\
      <td class="number">\(number(finding.score, 2))</td><td>\(place)</td></tr>
      """
  }

  private func absent(_ report: StudyReport) -> String {
    let names = report.findings.filter { !$0.present }.map {
      "\(escaped($0.name)) (\(number($0.presence, 2)))"
    }
    return names.isEmpty ? "<p>Nothing.</p>" : "<p>\(names.joined(separator: ", "))</p>"
  }

  private func number(_ value: Double, _ digits: Int) -> String {
    value.isFinite ? String(format: "%.\(digits)f", value) : "–"
  }
}
