import Imaging
import Testing

private let coarse = (size: [64, 48, 40], spacing: [6.0, 6, 9])

private func category(_ name: String, in phantom: Phantom) -> BinaryMask {
  let label = phantom.categories.first { $0.value == name }?.key ?? .max
  return phantom.labels.mask(of: label)
}

/// Centre of mass in voxels.
private func middle(_ mask: BinaryMask) -> [Double] {
  var sums = [0.0, 0, 0]
  for (n, set) in mask.voxels.enumerated() where set != 0 {
    sums[0] += Double(n % mask.width)
    sums[1] += Double(n / mask.width % mask.height)
    sums[2] += Double(n / (mask.width * mask.height))
  }
  return sums.map { $0 / Double(mask.count) }
}

@Suite struct PhantomTests {
  @Test func sameSeedSamePhantom() throws {
    let a = try Phantom.make(seed: 7, size: coarse.size, spacing: coarse.spacing)
    let b = try Phantom.make(seed: 7, size: coarse.size, spacing: coarse.spacing)
    let c = try Phantom.make(seed: 8, size: coarse.size, spacing: coarse.spacing)
    #expect(a.image.samples == b.image.samples && a.labels == b.labels)
    #expect(a.labels != c.labels && a.image.samples != c.image.samples)
    // FNV-1a over the samples: another machine makes the same.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for sample in a.image.samples {
      hash = (hash ^ UInt64(bitPattern: Int64(sample))) &* 0x100_0000_01b3
    }
    #expect(hash == 7_653_183_582_879_191_046)
  }

  @Test(arguments: [1, 2] as [UInt64])
  func organsLieWhereTheyBelong(seed: UInt64) throws {
    let phantom = try Phantom.make(seed: seed, size: coarse.size, spacing: coarse.spacing)
    #expect(Orientation(phantom.image.affine) == .radiological)
    #expect(phantom.image.intensity == .hounsfield && phantom.image.modality == .ct)
    var places: [String: [Double]] = [:]
    for name in phantom.categories.values {
      let mask = category(name, in: phantom)
      #expect(mask.count > 0, "\(name)")
      places[name] = phantom.image.affine.apply(middle(mask))
    }
    func place(_ name: String) throws -> [Double] { try #require(places[name]) }
    // RAS: +x the patient's right, +y the front, +z the head.
    #expect(try place("liver")[0] > 20 && place("spleen")[0] < -60)
    #expect(try place("right_kidney")[0] > 40 && place("left_kidney")[0] < -40)
    #expect(try place("inferior_vena_cava")[0] > place("aorta")[0] + 10)
    #expect(try place("gallbladder")[1] > place("right_kidney")[1] + 50)
    #expect(try place("left_kidney")[2] > place("right_kidney")[2])
    #expect(try place("vertebra_L3")[1] < place("aorta")[1])
    #expect(try place("vertebra_L1")[2] > place("vertebra_L4")[2] + 60)
    #expect(try place("urinary_bladder")[2] < place("vertebra_L5")[2])
    #expect(try place("left_lung")[2] > place("spleen")[2])
  }

  @Test func volumesAndDensities() throws {
    let phantom = try Phantom.make(seed: 4, size: [88, 64, 48], spacing: [4, 4, 8])
    let expected: [(String, ClosedRange<Double>, ClosedRange<Double>)] = [
      ("liver", 900...2200, 90...130), ("spleen", 130...320, 75...150),
      ("left_kidney", 80...220, 150...205), ("pancreas", 25...120, 50...110),
      ("urinary_bladder", 120...300, -5...20), ("gallbladder", 15...50, -5...40),
    ]
    for (name, volume, density) in expected {
      let mask = category(name, in: phantom)
      #expect(volume.contains(mask.volume(phantom.image.affine)), "\(name)")
      let mean = try #require(IntensityStatistics(phantom.image, under: mask)).mean
      #expect(density.contains(mean), "\(name) \(mean)")
    }
    let stomach = try #require(
      IntensityStatistics(phantom.image, under: category("stomach", in: phantom)))
    #expect(stomach.minimum < -700)
    #expect(phantom.image.samples.allSatisfy { $0 == $0.rounded() && $0 >= -1024 })
  }

  @Test func anyGrid() throws {
    let one = try Phantom.make(seed: 1, size: [1, 1, 1], spacing: [1, 1, 1])
    #expect(one.image.voxelCount == 1)
    for (size, spacing) in [
      ([0, 1, 1], [1.0, 1, 1]), ([4, 4], [1, 1, 1]), ([4, 4, 4], [1, 0, 1]),
    ] {
      #expect(
        code { () throws(ImagingError) in
          _ = try Phantom.make(seed: 1, size: size, spacing: spacing)
        } == .mismatch)
    }
  }
}
