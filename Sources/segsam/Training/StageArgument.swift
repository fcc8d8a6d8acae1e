import ArgumentParser
import Training

/// `--stage 128:8:16:12000:0.001`: image size, images a step, queries a step, steps, learning rate. Instead
/// of steps, a time: `600s`.
struct StageArgument: ExpressibleByArgument, Sendable, Hashable {
  var imageSize: Int, images: Int, slots: Int, steps: Int
  var rate: Double
  var seconds: Double?

  init(imageSize: Int, images: Int, slots: Int, steps: Int, rate: Double) {
    (self.imageSize, self.images, self.slots) = (imageSize, images, slots)
    (self.steps, self.rate) = (steps, rate)
  }

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 5, let size = Int(parts[0]), let images = Int(parts[1]),
      let slots = Int(parts[2]), let rate = Double(parts[4]),
      (32...2048).contains(size), size % 16 == 0, (1...4096).contains(images),
      (1...16384).contains(slots), rate > 0, rate <= 1
    else { return nil }
    let isTime = parts[3].hasSuffix("s")
    guard let length = Int(isTime ? parts[3].dropLast() : parts[3]),
      (1...100_000_000).contains(length)
    else { return nil }
    self.init(
      imageSize: size, images: images, slots: slots, steps: isTime ? 100_000_000 : length,
      rate: rate)
    if isTime { seconds = Double(length) }
  }

  var defaultValueDescription: String {
    let length = seconds.map { "\(Int($0))s" } ?? "\(steps)"
    return "\(imageSize):\(images):\(slots):\(length):\(rate)"
  }

  /// - Parameter warmUp: steps; at most a tenth of the stage.
  func stage(warmUp: Int, finalRate: Double) -> Stage {
    var stage = Stage(
      imageSize: imageSize, images: images, slots: slots, steps: steps, rate: rate)
    stage.warmUp = min(warmUp, max(1, steps / 10))
    stage.finalRate = finalRate
    stage.seconds = seconds
    return stage
  }
}
