import Foundation

@testable import Training

/// The losses of `ObjectiveExample`, target by target and pixel by pixel, in double precision.
struct ObjectiveReference {
  let example: ObjectiveExample
  private let n = ObjectiveExample.slots
  private let s = ObjectiveExample.side
  private let q = ObjectiveExample.perImage
  private let c = ObjectiveExample.categories

  init(example: ObjectiveExample) { self.example = example }

  private func f(_ name: String, _ i: Int) -> Double { Double(example.floats[name]!.values[i]) }
  private func slots(_ t: Int) -> [Int] {
    let pair = [example.indices["first"]!.values[t], example.indices["second"]!.values[t]]
    return pair[0] == pair[1] ? [Int(pair[0])] : pair.map { Int($0) }
  }
  private func plane(_ name: String, _ i: Int, _ area: Int) -> [Double] {
    (0..<area).map { f(name, i * area + $0) }
  }
  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  private func entropy(_ x: Double, _ t: Double) -> Double {
    -t * log(sigmoid(x)) - (1 - t) * log(1 - sigmoid(x))
  }
  private func focal(_ x: [Double], _ t: [Double]) -> Double {
    zip(x, t).reduce(0) { $0 + entropy($1.0, $1.1) * pow(sigmoid($1.0) - $1.1, 2) }
      / (t.reduce(0, +) + Double(x.count) / 128)
  }
  private func dice(_ p: [Double], _ t: [Double]) -> Double {
    let both = zip(p, t).reduce(0) { $0 + $1.0 * $1.1 }
    let either = p.reduce(0) { $0 + $1 * $1 } + t.reduce(0) { $0 + $1 * $1 }
    return 1 - (2 * both + 1) / (either + 1)
  }
  private func iou(_ p: [Double], _ t: [Double]) -> Double {
    let both = zip(p, t).reduce(0) { $0 + $1.0 * $1.1 }
    return (both + 1) / (p.reduce(0, +) + t.reduce(0, +) - both + 1)
  }
  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  private var valid: [Int] { (0..<n).filter { f("valid", $0) == 1 } }
  private var there: [Int] { valid.filter { f("present", $0) == 1 } }
  private func isPseudo(_ t: Int) -> Bool { f("pseudo", t) == 1 }
  private var named: [Int] { there.filter { !isPseudo($0) } }
  private func truth(_ t: Int) -> [Double] { plane("target", t, s * s) }

  /// A target's mask is the union of its slots' masks.
  private func mask(_ t: Int) -> [Double] {
    let planes = slots(t).map { plane("mask", $0, s * s) }
    return (0..<s * s).map { i in planes.map { $0[i] }.max()! }
  }
  private func chance(_ t: Int) -> [Double] { mask(t).map(sigmoid) }
  /// In a softmax a union's logit is the logarithm of the sum of its parts' exponentials.
  private func semantic(_ t: Int) -> [Double] {
    let planes = slots(t).map { plane("semantic", $0, s * s) }
    return (0..<s * s).map { i in log(planes.reduce(0) { $0 + exp($1[i]) }) }
  }

  func losses() -> [String: Double] {
    var result = semanticLosses()
    result["focal"] = mean(valid.map { focal(mask($0), truth($0)) })
    result["dice"] = mean(there.map { dice(chance($0), truth($0)) })
    result["iou"] = mean(
      named.filter { slots($0).count == 1 }.map {
        pow(f("iou_said", slots($0)[0] * 4) - iou(chance($0), truth($0)), 2)
      })
    let three = candidates()
    result["iou"]! += three.said
    result["candidates"] = three.best
    result["drawn"] = drawn()
    result["presence"] = mean(
      valid.map { t in
        entropy(slots(t).map { f("presence_logit", $0) }.max()!, f("present", t))
      })
    result["consistency"] = mean(named.map { 1 - iou(semantic($0).map(sigmoid), chance($0)) })
    result["naming"] = mean(
      (0..<n).filter { f("name_known", $0) == 1 }.map { t in
        let logits = (0..<c).map { f("names", slots(t)[0] * c + $0) }
        let right = (0..<c).first { f("name_target", t * c + $0) == 1 }!
        return -log(exp(logits[right]) / logits.reduce(0) { $0 + exp($1) } + 1e-6)
      })
    var (sum, weight) = (0.0, 0.0)
    for image in 0..<ObjectiveExample.images {
      let logits = (0..<c).map { f("class_logits", image * c + $0) }
      for (column, x) in (logits + [max(logits[0], logits[1])]).enumerated() {
        let known = f("class_known", image * (c + 1) + column)
        sum += known * entropy(x, f("class_target", image * (c + 1) + column))
        weight += known
      }
    }
    result["classes"] = sum / weight
    return result
  }

  private func drawn() -> Double {
    let labels = 0..<ObjectiveExample.images * ObjectiveExample.drawn
    func logits(_ k: Int) -> [Double] { plane("drawn_logits", k, s * s) }
    func truth(_ k: Int) -> [Double] { plane("drawn_target", k, s * s) }
    let focals = labels.filter { f("drawn_known", $0) == 1 }.map { focal(logits($0), truth($0)) }
    let dices = labels.filter { f("drawn_present", $0) == 1 }
      .map { dice(logits($0).map(sigmoid), truth($0)) }
    return Double(example.weights.focal) * mean(focals) + Double(example.weights.dice) * mean(dices)
  }

  private func candidates() -> (best: Double, said: Double) {
    let h = s / 2
    var (best, said): ([Double], [Double]) = ([], [])
    for t in there where f("ambiguous", t) == 1 {
      let fine = truth(t)
      let coarse = (0..<h * h).map { i in
        let at = (i / h) * 2 * s + (i % h) * 2
        return (fine[at] + fine[at + 1] + fine[at + s] + fine[at + s + 1]) / 4
      }
      var (losses, errors): ([Double], [Double]) = ([], [])
      for k in 1..<4 {
        let logits = plane("four_masks", slots(t)[0] * 4 + k, h * h)
        let p = logits.map(sigmoid)
        losses.append(Double(example.weights.focal) * focal(logits, coarse) + dice(p, coarse))
        guard !isPseudo(t) else { continue }
        errors.append(pow(f("iou_said", slots(t)[0] * 4 + k) - iou(p, coarse), 2))
      }
      best.append(losses.min()!)
      if !isPseudo(t) { said.append(mean(errors)) }
    }
    return (mean(best), mean(said))
  }

  private func semanticLosses() -> [String: Double] {
    let area = s * s
    var (surprise, known) = (0.0, 0.0)
    var dices: [Double] = []
    for image in 0..<ObjectiveExample.images {
      let members = (0..<q).map { Int(example.indices["members"]!.values[image * q + $0]) }
      let rows =
        [[Double](repeating: 0, count: area)]
        + members.map { $0 == n ? [Double](repeating: -30, count: area) : semantic($0) }
      let truth = (0...q).map { plane("semantic_target", image * (q + 1) + $0, area) }
      var chances = rows
      for i in 0..<area {
        let total = rows.reduce(0) { $0 + exp($1[i]) }
        let isKnown = truth.reduce(0) { $0 + $1[i] }
        let right = zip(rows, truth).reduce(0) { $0 + exp($1.0[i]) / total * $1.1[i] }
        let counted = truth.reduce(0) { sum, row in
          sum + row[i] / (row.reduce(0, +) + Double(area) / 128).squareRoot()
        }
        if isKnown > 0 { surprise -= counted * log(right + 1e-6) }
        known += counted
        for r in 0...q { chances[r][i] = isKnown * exp(rows[r][i]) / total }
      }
      for r in 1...q where truth[r].contains(1) { dices.append(dice(chances[r], truth[r])) }
    }
    return ["semantic_ce": surprise / (known + 1), "semantic_dice": mean(dices)]
  }
}
