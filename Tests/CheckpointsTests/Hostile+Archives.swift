import Checkpoints
import Foundation

extension Hostile {
  static let archives: [Hostile] = [
    file("PK and noise", .archive, says: "fetch it again") {
      Array("PK\u{3}\u{4}".utf8) + (0..<500).map { UInt8(truncatingIfNeeded: $0 &* 91) }
    },
    file("an archive of nothing", .kind, says: "data.pkl") { ZipBytes().bytes() },
    archive("no data.pkl", .kind, says: "data.pkl") { $0.members[0].name = Array("a/x".utf8) },
    archive("two data.pkl", .archive) { zip in
      var second = zip.members[0]
      second.name = Array("b/data.pkl".utf8)
      zip.members.append(second)
    },
    archive("a member twice", .archive) { $0.members.append($0.members[2]) },
    archive("a path upwards", .archive, says: "no name") {
      $0.members.append(ZipBytes.Member("a/../../etc/passwd", [1]))
    },
    archive("a path from the root", .archive, says: "no name") {
      $0.members.append(ZipBytes.Member("/etc/passwd", [1]))
    },
    archive("a path of Windows'", .archive, says: "no name") {
      $0.members.append(ZipBytes.Member("a\\..\\b", [1]))
    },
    archive("a long name", .archive, says: "no name") {
      $0.members.append(ZipBytes.Member(String(repeating: "n", count: 2000), [1]))
    },
    archive("encryption", .archive, says: "encrypted") { $0.members[2].flags = 1 },
    archive("an unknown compression", .archive, says: "method 14") { $0.members[2].method = 14 },
    archive("two members on the same bytes", .archive) { zip in
      var second = ZipBytes.Member("a/data/1", zip.members[2].data)
      (second.isWritten, second.offset) = (false, 0)
      zip.members.append(second)
    },
    archive("members in one another", .archive, says: "share bytes") { zip in
      let inner = ZipBytes.Member("a/data/2", [UInt8](repeating: 0, count: 4000))
      let middle = ZipBytes.Member("a/data/1", inner.written)
      let start = zip.members[..<2].reduce(0) { $0 + $1.written.count }
      zip.members[2] = ZipBytes.Member("a/data/0", middle.written)
      for (depth, member) in [middle, inner].enumerated() {
        var hidden = member
        (hidden.isWritten, hidden.offset) = (false, UInt32(start + (depth + 1) * 38))
        zip.members.append(hidden)
      }
    },
    archive("a stored member that claims to be larger", .archive) { $0.members[2].size = 1 << 30 },
    archive("a member beyond the end", .archive) {
      ($0.members[2].size, $0.members[2].packed) = (1 << 30, 1 << 30)
    },
    archive("a member at a wrong place", .archive) { $0.members[2].offset = 7 },
    archive("a member at the end of the world", .archive) { $0.members[2].offset = .max - 1 },
    archive("more members than there are", .archive) { $0.count = 60_000 },
    archive("fewer members than there are", .archive) { $0.count = 1 },
    archive("64-bit fields that lie", .archive) { zip in
      (zip.members[2].size, zip.members[2].packed) = (.max, .max)
      zip.members[2].extra =
        ZipBytes.little(1, 2) + ZipBytes.little(16, 2) + ZipBytes.little(1 << 62, 8)
        + ZipBytes.little(1 << 62, 8)
    },
    archive("64-bit fields that are cut off", .archive) { zip in
      (zip.members[2].size, zip.members[2].packed) = (.max, .max)
      zip.members[2].extra = ZipBytes.little(1, 2) + ZipBytes.little(16, 2) + [1, 2, 3]
    },
    archive("a bomb", .limit, says: "unpack to") { zip in
      // 30 members of 50 kB that are 8 MB of zeros each.
      let (stream, size) = (ZipBytes.zeros(31_000), UInt32(31_000 * 258 + 1))
      for index in 0..<30 {
        var member = ZipBytes.Member("a/data/bomb\(index)", stream)
        (member.method, member.size, member.checksum) = (8, size, 0)
        zip.members.append(member)
      }
    },
    archive("a bomb in the pickle that hides its size", .archive, says: "unpacked") { zip in
      zip.members[0].data = ZipBytes.zeros(31_000)
      (zip.members[0].method, zip.members[0].size) = (8, 300)
    },
    archive("a pickle with a wrong checksum", .archive, says: "checksum") {
      $0.members[0].checksum = 1
    },
    archive("big-endian numbers", .kind, says: "little-endian") {
      $0.members[1] = ZipBytes.Member("a/byteorder", Array("big".utf8))
    },
    archive("no storage", .tensor, says: "no storage") { $0.members.removeLast() },
    archive("a storage that is too small", .tensor, says: "not 16") {
      $0.members[2] = ZipBytes.Member("a/data/0", [1, 2, 3])
    },
    archive("a storage that is too large", .tensor, says: "not 16") {
      $0.members[2] = ZipBytes.Member("a/data/0", [UInt8](repeating: 0, count: 64))
    },
    archive("a program of TorchScript's", .kind, says: "TorchScript") {
      $0.members.append(ZipBytes.Member("a/constants.pkl", [1]))
    },
    Hostile("PyTorch's own program", .kind, says: "TorchScript") { _ in
      try Fixture.path("script.pt")
    },
    Hostile("a whole model", .refused, says: "state_dict") { _ in
      try Fixture.path("whole-model.pth")
    },
  ]
}
