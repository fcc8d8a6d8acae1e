import Imaging
import SegSAM

/// What an image of a batch is asked for, and how.
extension BatchMaker {
  func choose(
    slice: TrainingSlice, wanted: Int?, labels: [UInt8], counts: [Int], room: Int,
    view: inout PseudoView, random: inout SeededRandom
  ) -> [Ask] {
    let targets = store.targets[slice.dataSet]
    let known = store.known[slice.dataSet][slice.caseIndex]
    var there: [Int] = []
    var gone: [Int] = []
    for index in targets.indices where known[index] {
      let pixels = targets[index].values.reduce(0) { $0 + counts[Int($1)] }
      if pixels >= 4 {
        there.append(index)
      } else if pixels == 0 {
        gone.append(index)
      }
    }
    there.shuffle(using: &random)
    if let wanted, let at = there.firstIndex(of: wanted) { there.swapAt(0, at) }
    gone.shuffle(using: &random)
    let wantAbsent = random.chance(mix.absent)
    var asks: [Ask] = []
    for index in there.prefix(max(1, room - (wantAbsent ? 1 : 0))) {
      let prompt = drawPrompt(targets[index], random: &random)
      asks.append(
        askPseudo(prompt, labels: labels, view: &view, random: &random)
          ?? Ask(
            label: targets[index], isPresent: true, mask: halved(labels, targets[index].values),
            prompt: prompt))
    }
    // A mix that never asks for what is absent asks nothing of an empty view.
    if wantAbsent || there.isEmpty && mix.absent > 0 {
      var absent = gone.map { targets[$0] }
      // What another kind of machine shows cannot be in this image.
      if absent.isEmpty || random.chance(0.2), let other = store.foreign(to: slice, random: &random)
      {
        absent.insert(other, at: 0)
      }
      let empty = [Float](repeating: 0, count: labels.count / 4)
      for label in absent.prefix(there.isEmpty ? 2 : 1) {
        asks.append(Ask(label: label, isPresent: false, mask: empty, prompt: .text))
      }
    }
    return asks
  }

  /// Now and then a box or clicks ask for what nobody labelled; nil where they do not.
  func askPseudo(
    _ prompt: Prompt, labels: [UInt8], view: inout PseudoView, random: inout SeededRandom
  ) -> Ask? {
    guard mix.pseudo > 0, prompt == .box || prompt == .points, random.chance(mix.pseudo),
      let regions = view.regions(labels: labels), regions.count > 0
    else { return nil }
    let region = random.below(regions.count)
    let absorbing = prompt == .box && mix.absorbed < 1 ? Double(mix.absorbed) : nil
    let mask = regions.mask(of: region, absorbing: absorbing)
    let box = regions.boxes[region]
    return Ask(
      label: nil, isPresent: true, mask: halved(mask.voxels, [1]), prompt: prompt,
      box: VoxelBox(
        lower: box.lower.map { $0 / 2 }, upper: box.upper.map { ($0 + 1) / 2 }))
  }

  func drawPrompt(_ label: TargetLabel, random: inout SeededRandom) -> Prompt {
    // A composite is asked for by the names of its parts; a box around both would be neither's.
    guard label.members.count == 1 else { return .text }
    var p = random.unit()
    for (prompt, share) in [
      (Prompt.textAndBox, mix.textAndBox), (.textAndPoints, mix.textAndPoints), (.box, mix.box),
      (.points, mix.points),
    ] {
      if p < share { return prompt }
      p -= share
    }
    return .text
  }

  /// The share of each pixel of the S/2 grid that has one of the values.
  func halved(_ labels: [UInt8], _ values: Set<UInt8>) -> [Float] {
    let s = configuration.imageSize
    let half = s / 2
    var wanted = [Float](repeating: 0, count: 256)
    for v in values { wanted[Int(v)] = 0.25 }
    var out = [Float](repeating: 0, count: half * half)
    for y in 0..<s {
      let row = (y / 2) * half
      for x in 0..<s { out[row + x / 2] += wanted[Int(labels[y * s + x])] }
    }
    return out
  }
}
