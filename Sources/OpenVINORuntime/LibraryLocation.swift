import Foundation

/// Finds the directory that holds OpenVINO's libraries.
///
/// In this order: `SEGSAM_OPENVINO_DIR`; `.deps/openvino` beside or above the executable or the
/// working directory; Python's site-packages; the system's own library directories.
enum LibraryLocation {
  static func find(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(OpenVINOError) -> String {
    if let asked = environment["SEGSAM_OPENVINO_DIR"], !asked.isEmpty {
      guard
        let found = [asked, "\(asked)/libs", "\(asked)/runtime/lib/intel64"].first(where: holds)
      else {
        throw OpenVINOError(
          .missing, "SEGSAM_OPENVINO_DIR is \(asked), but there is no libopenvino_c.so in it")
      }
      return found
    }
    let places =
      above.map { "\($0)/.deps/openvino/libs" } + sitePackages(environment)
      + ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/lib"]
    guard let found = places.first(where: holds) else {
      throw OpenVINOError(
        .missing,
        "OpenVINO is not installed: run ./bootstrap in the repository, or"
          + " python3 -m pip install openvino, or set SEGSAM_OPENVINO_DIR to its libraries")
    }
    return found
  }

  /// The working directory and the executable's, each with the directories above.
  private static var above: [String] {
    var starts = [FileManager.default.currentDirectoryPath]
    if let executable = Bundle.main.executableURL {
      starts.append(executable.resolvingSymlinksInPath().deletingLastPathComponent().path)
    }
    var result: [String] = []
    for start in starts {
      var parts = start.split(separator: "/")
      while !parts.isEmpty {
        result.append("/" + parts.joined(separator: "/"))
        parts.removeLast()
      }
    }
    return result
  }

  private static func sitePackages(_ environment: [String: String]) -> [String] {
    let roots = [
      environment["VIRTUAL_ENV"], environment["HOME"].map { "\($0)/.local" }, "/usr/local", "/usr",
    ]
    return roots.compactMap { $0 }.flatMap { root in
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
      return versions.filter { $0.hasPrefix("python3") }.sorted().reversed().flatMap { version in
        ["site", "dist"].map { "\(root)/lib/\(version)/\($0)-packages/openvino/libs" }
      }
    }
  }

  private static func holds(_ directory: String) -> Bool {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return files.contains { $0.hasPrefix("libopenvino_c.so") }
  }
}
