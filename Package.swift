// swift-tools-version:6.2
import Foundation
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// What several test targets share, with its fixtures.
func examples(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: ["make_fixtures.py"],
    resources: [.copy("Fixtures")], swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
    resources: FileManager.default.fileExists(
      atPath: "\(Context.packageDirectory)/Tests/\(name)Tests/Fixtures")
      ? [.copy("Fixtures")] : [],
    swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let http = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let sockets = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
  name: "SegSAM",
  products: [
    .executable(name: "segsam", targets: ["segsam"]),
    .library(name: "SegSAMClient", targets: ["Client"]),
    .library(name: "SegSAMTesting", targets: ["SegSAMTesting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // Foreign libraries, nothing else.
    .systemLibrary(name: "CZeroMQ"),
    .systemLibrary(name: "CJSONC"),
    .systemLibrary(name: "CZip"),
    .target(name: "COpenVINO", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CTorch", exclude: ["shim"], linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CNIfTI",
      linkerSettings: [.linkedLibrary("niftiio"), .linkedLibrary("znz"), .linkedLibrary("z")]),
    .target(name: "CDeflate", linkerSettings: [.linkedLibrary("z")]),
    // Debian's DCMTK: what a static one would need besides is inside these.
    .target(
      name: "CDICOM",
      linkerSettings: [
        "dcmimage", "dcmimgle", "dcmjpeg", "dcmjpls", "dcmdata", "oflog", "ofstd", "stdc++",
      ].map { .linkedLibrary($0) }),
    .target(name: "CRaster", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("turbojpeg")]),
    // One safe Swift module over each.
    library("ZeroMQ", ["CZeroMQ"]),
    library("JSONC", ["CJSONC"]),
    library("Imaging", ["CDICOM", "CDeflate", "CNIfTI", "CRaster"]),
    library("Vocabulary", ["JSONC"]),
    library("NeuralGraph", []),
    library("Checkpoints", ["CZip", "NeuralGraph"]),
    library("OpenVINORuntime", ["COpenVINO", "NeuralGraph"]),
    library("TextEncoder", ["NeuralGraph", "OpenVINORuntime"]),
    library(
      "SegSAM", ["Imaging", "Vocabulary", "NeuralGraph", "OpenVINORuntime", "TextEncoder", "JSONC"]),
    library(
      "Training",
      [
        "SegSAM", "Volumetrics", "CTorch", "Imaging", "NeuralGraph", "Reporting", "TextEncoder",
        "Vocabulary",
      ]),
    library("Volumetrics", ["SegSAM", "Imaging", "Vocabulary"]),
    library("Reporting", ["SegSAM", "JSONC"]),
    library("BusProtocol", ["JSONC"]),
    library("Journal", [database]),
    library("Telemetry", [http, sockets]),
    library(
      "Server",
      [
        "BusProtocol", "ZeroMQ", "SegSAM", "Reporting", "Journal", "Telemetry", log, lifecycle,
      ]),
    library("Client", ["BusProtocol", "ZeroMQ", "JSONC"]),
    library(
      "SegSAMTesting", ["Server", "Client", "SegSAM", "Imaging", "Vocabulary", "ZeroMQ", log]),
    .executableTarget(
      name: "segsam",
      dependencies: [
        "Server", "Client", "Training", "Checkpoints", "Volumetrics", "Reporting", "Telemetry",
        argumentParser, log, lifecycle, unixSignals, yaml,
      ],
      swiftSettings: strict),
    tests("ZeroMQ"),
    tests("JSONC"),
    tests("Imaging"),
    tests("Vocabulary"),
    tests("NeuralGraph"),
    tests("Checkpoints", ["NeuralGraph"]),
    examples("OperationExamples", ["NeuralGraph"]),
    examples("NetworkExample", ["SegSAM"]),
    tests("OpenVINORuntime", ["OperationExamples"]),
    tests("TextEncoder"),
    tests(
      "SegSAM",
      ["NetworkExample", "Imaging", "NeuralGraph", "OpenVINORuntime", "TextEncoder", "Vocabulary"]),
    tests("Volumetrics", ["SegSAM", "Imaging", "Vocabulary"]),
    tests("Training", ["NetworkExample", "OperationExamples"]),
    tests("Reporting"),
    tests("BusProtocol"),
    tests("Journal"),
    tests("Telemetry"),
    tests("Server", ["Client", "SegSAMTesting"]),
    tests("SegSAMTesting", ["Server", "Client", "BusProtocol", "SegSAM"]),
    tests("Client"),
    tests("segsam", ["Server", "Client", "SegSAMTesting"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// libFuzzer has a main of its own, so the target is there only when it is linked in (scripts/fuzz).
if ProcessInfo.processInfo.environment["SEGSAM_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "FuzzMessages", dependencies: ["BusProtocol", "JSONC"], path: "Tests/Fuzz/Messages",
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
  package.products.append(.executable(name: "FuzzMessages", targets: ["FuzzMessages"]))
}

// While parts are written side by side: SEGSAM_ONLY=JSONC,ZeroMQ builds these, what they need, and their tests.
if let only = ProcessInfo.processInfo.environment["SEGSAM_ONLY"] {
  let asked = only.split(separator: ",").map(String.init)
  var wanted = Set(asked + asked.map { "\($0)Tests" })
  let named = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
  var grown = true
  while grown {
    grown = false
    for name in wanted {
      for dependency in named[name]?.dependencies ?? [] {
        var needed: String?
        switch dependency {
        case .byNameItem(let name, _), .targetItem(let name, _): needed = name
        default: break
        }
        if let needed, named[needed] != nil, wanted.insert(needed).inserted { grown = true }
      }
    }
  }
  package.targets.removeAll { !wanted.contains($0.name) }
  package.products.removeAll { $0.name != "FuzzMessages" }
}
package.targets.removeAll { target in
  (target.isTest || target.name.hasSuffix("Example") || target.name.hasSuffix("Examples"))
    && !FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/Tests/\(target.name)")
}
