/// A 2-D image, or one axial slice of a volume, decoded once and kept small.
public struct TrainingSlice: Sendable {
  /// Index of its data set in the corpus, and of its case in the set.
  public var dataSet: Int, caseIndex: Int
  /// In a volume: the axial slice, from below.
  public var slice: Int
  public var width: Int, height: Int
  /// 1 where the three channels are equal, else 3; planar, 0 to 255 for the normalised 0 to 1.
  public var channels: Int
  /// 2 where planes of the slices below and above follow (`NetworkInput`), else 0.
  public var neighbours = 0
  public var pixels: [UInt8]
  /// Index into `SliceStore.targets(of:)`' values; 0 is background.
  public var labels: [UInt8]
  /// Mask values → pixels, background left out.
  public var counts: [UInt8: Int]

  /// In a volume whose slices look at each other (`CrossSliceAttention`): those around it, from the
  /// lowest; else empty.
  public var around: [TrainingSlice] = []

  /// Planes of `pixels`.
  public var planes: Int { channels + neighbours }

  /// Which of them a channel of the network's image shows.
  ///
  /// - Parameter alone: as if the slices below and above were not known.
  func plane(of channel: Int, alone: Bool = false) -> Int {
    if channel < 3 { return channels == 3 ? channel : 0 }
    return neighbours == 0 || alone ? 0 : channels + channel - 3
  }
}

/// A label that can be asked for in a data set.
public struct TargetLabel: Sendable, Hashable {
  public var category: String
  /// The mask values that make it up.
  public var values: Set<UInt8>
  /// Its own value alone: where it contains others, these are theirs in M_s.
  public var own: Set<UInt8>
  /// Indices of its concrete categories among the trained ones: one, or two for a composite.
  public var members: [Int]
}
