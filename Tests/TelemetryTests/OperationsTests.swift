import Foundation
import Testing

@testable import Telemetry

/// The files under `operations/` name metrics that exist, with the labels that they have.
struct OperationsTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().appending(path: "../../operations").standardized

  private static func read(_ path: String) throws -> Data {
    try Data(contentsOf: folder.appending(path: path))
  }

  /// What a scrape has by name, with its labels.
  private static let series: [String: Set<String>] = {
    // `up` is Prometheus' own.
    var series: [String: Set<String>] = ["up": []]
    for metric in ServerMetrics().registry.declarations {
      let labels = Set(metric.labels)
      if metric.kind == .histogram {
        series["\(metric.name)_bucket"] = labels.union(["le"])
        series["\(metric.name)_sum"] = labels
        series["\(metric.name)_count"] = labels
      } else {
        series[metric.name] = labels
      }
    }
    return series
  }()

  private func check(_ expression: String) throws {
    let used = PromQL(expression)
    #expect(!used.metrics.isEmpty, "\(expression)")
    var labels: Set = ["job", "instance"]
    for name in used.metrics {
      let known = try #require(Self.series[name], "no metric \(name) in: \(expression)")
      labels.formUnion(known)
    }
    #expect(used.labels.subtracting(labels).isEmpty, "\(expression)")
  }

  @Test func theDashboard() throws {
    let dashboard = try JSONDecoder().decode(
      Dashboard.self, from: Self.read("grafana/dashboards/segsam.json"))
    let expressions = dashboard.panels.flatMap { $0.targets ?? [] }.map(\.expr)
    for expression in expressions { try check(expression) }
    #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
    for variable in dashboard.templating.list {
      #expect(variable.query.query.contains("segsam_uptime_seconds"))
    }
    // Everything that the server tells is to be seen somewhere.
    let shown = Set(expressions.flatMap { PromQL($0).metrics })
    let hidden = ServerMetrics().registry.declarations.map(\.name).filter { name in
      shown.isDisjoint(with: [name, "\(name)_bucket", "\(name)_sum"])
    }
    #expect(hidden == [])
  }

  @Test func theAlerts() throws {
    let text = String(decoding: try Self.read("prometheus/alerts.yml"), as: UTF8.self)
    let expressions = text.yamlValues(of: "expr")
    #expect(expressions.count == text.components(separatedBy: "- alert:").count - 1)
    #expect(expressions.count >= 10)
    for expression in expressions { try check(expression) }
  }

  @Test func theUnit() throws {
    let text = String(decoding: try Self.read("segsam.service"), as: UTF8.self)
    let lines = Set(text.split(separator: "\n"))
    for line in [
      "ExecStart=/usr/local/bin/segsam serve --config /etc/segsam/segsam.yaml",
      "StateDirectory=segsam", "ProtectSystem=strict", "NoNewPrivileges=yes",
      "Restart=on-failure", "KillSignal=SIGTERM", "LimitCORE=0",
    ] {
      #expect(lines.contains(line[...]), "\(line)")
    }
  }

  @Test func theReaderOfExpressions() {
    let used = PromQL(
      #"sum by (le, method) (rate(a_bucket{code=~"x_y",stage!="b"}[5m])) / on (job) c offset 10m > 2"#
    )
    #expect(used.metrics == ["a_bucket", "c"])
    #expect(used.labels == ["le", "method", "code", "stage", "job"])
  }
}

private struct Dashboard: Decodable {
  struct Panel: Decodable {
    struct Target: Decodable { var expr: String }
    var id: Int
    var title: String
    var targets: [Target]?
  }
  struct Templating: Decodable {
    struct Variable: Decodable {
      struct Query: Decodable { var query: String }
      var query: Query
    }
    var list: [Variable]
  }
  var panels: [Panel]
  var templating: Templating
}

/// The names in an expression of PromQL: what is neither a function nor a keyword is a metric.
private struct PromQL {
  var metrics: Set<String> = []
  var labels: Set<String> = []

  init(_ text: String) {
    var rest = text
    // Strings and durations first: they can hold anything.
    rest.replace(/"[^"]*"/, with: "\"\"")
    rest.replace(/\[[^\]]*\]|\b\d+[smhdw]\b/, with: " ")
    for group in rest.matches(of: /\{([^}]*)\}|\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/) {
      let inside = group.output.1 ?? group.output.2 ?? ""
      labels.formUnion(inside.matches(of: /[A-Za-z_]\w*/).map { String($0.output) })
    }
    rest.replace(/\{[^}]*\}|\b(?:by|without|on|ignoring)\s*\([^)]*\)/, with: " ")
    let keywords: Set<Substring> = ["and", "or", "unless", "offset", "bool"]
    for name in rest.matches(of: /\b[A-Za-z_:][\w:]*\b(\s*\()?/) {
      let word = name.output.0.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
      // `sum by (…) (…)` has lost what followed it.
      let isFunction = name.output.1 != nil || word == "sum"
      if !isFunction, !keywords.contains(word) { metrics.insert(String(word)) }
    }
  }
}

extension String {
  /// The values of a key of YAML, plain on its line or folded (`>-`) over those that follow.
  fileprivate func yamlValues(of key: String) -> [String] {
    var values: [String] = []
    var folding: Int?
    for line in split(separator: "\n") {
      let depth = line.prefix { $0 == " " }.count
      if let indent = folding, depth > indent {
        values[values.count - 1] += " \(line.dropFirst(depth))"
        continue
      }
      folding = nil
      guard line.dropFirst(depth).hasPrefix("\(key): ") else { continue }
      let value = String(line.dropFirst(depth + key.count + 2))
      if value == ">-" { folding = depth }
      values.append(value == ">-" ? "" : value)
    }
    return values
  }
}
