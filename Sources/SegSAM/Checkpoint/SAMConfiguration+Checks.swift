extension SAMConfiguration {
  /// Checks that parameters are those of this network, all of them and no others.
  ///
  /// - Parameter shapes: by Segment Anything's names.
  /// - Throws: `BundleError` `.invalid` with the first names of each fault.
  public func check(_ shapes: [String: [Int]]) throws(BundleError) {
    let expected = parameterShapes()
    var faults: [String] = []
    func note(_ what: String, _ names: [String]) {
      guard !names.isEmpty else { return }
      let more = names.count > 4 ? " and \(names.count - 4) more" : ""
      faults.append("\(what) \(names.sorted().prefix(4).joined(separator: ", "))\(more)")
    }
    note("missing:", expected.keys.filter { shapes[$0] == nil })
    note("not known:", shapes.keys.filter { expected[$0] == nil }.map { String($0.prefix(100)) })
    note(
      "of another shape:",
      expected.compactMap { name, shape in
        guard let found = shapes[name], found != shape else { return nil }
        return "\(name) \(found) instead of \(shape)"
      })
    guard faults.isEmpty else {
      throw BundleError(
        .invalid,
        "the parameters are not those of one of Segment Anything's networks; "
          + faults.joined(separator: "; ")
          + ". Is it the whole state_dict, of SAM, MedSAM or SAM-Med2D with a ViT?")
    }
  }

  /// Refuses sizes that ask for absurd amounts of memory or that do not fit each other.
  func checkSizes() throws(BundleError) {
    let sane: [(String, Bool)] = [
      (
        "width \(width) in \(heads) heads",
        (8...8192).contains(width) && (1...256).contains(heads) && width % heads == 0
      ),
      ("patches of \(patchSize) pixels", (1...128).contains(patchSize)),
      ("images of \(imageSize) pixels", (1...512).contains(grid) && imageSize % patchSize == 0),
      ("windows of \(windowSize) patches", (0...512).contains(windowSize)),
      ("an MLP of \(encoderMLP)", (1...65_536).contains(encoderMLP)),
      ("prompts of \(promptWidth)", (8...4096).contains(promptWidth) && promptWidth % 8 == 0),
      (
        "\(maskChannels) channels for masks",
        (4...4096).contains(maskChannels) && maskChannels % 4 == 0
      ),
      (
        "a decoder of \(decoderHeads) heads",
        (1...256).contains(decoderHeads) && promptWidth % attentionDownsampling == 0
          && promptWidth / attentionDownsampling % decoderHeads == 0
      ),
      ("a decoder's MLP of \(decoderMLP)", (1...65_536).contains(decoderMLP)),
      ("\(candidates) masks", (1...64).contains(candidates)),
      ("scores of \(scoreWidth)", (1...65_536).contains(scoreWidth)),
      (
        "pixels less \(pixelMean), by \(pixelDeviation)",
        pixelMean.count == 3 && pixelDeviation.count == 3 && pixelMean.allSatisfy(\.isFinite)
          && pixelDeviation.allSatisfy { $0.isFinite && $0 > 0 }
      ),
    ]
    if let fault = sane.first(where: { !$0.1 }) { throw ShapeReading.unfit(fault.0) }
  }
}
