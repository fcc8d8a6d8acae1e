import Foundation
import Yams

/// A server's settings from its file, the environment and the command line: the later wins.
struct SettingSources: Sendable {
  private struct Value: Sendable {
    var text: String
    /// Where it stands, for messages.
    var place: String
  }
  private var values: [Setting: Value] = [:]

  /// - Parameters:
  ///   - file: of YAML, a mapping of settings; nil: none.
  ///   - flags: as given on the command line.
  /// - Throws: `Failure` naming the place of what is wrong.
  init(
    file: String?, environment: [String: String] = ProcessInfo.processInfo.environment,
    flags: [Setting: String]
  ) throws(Failure) {
    if let file { values = try Self.read(file) }
    for setting in Setting.allCases {
      guard let text = environment[setting.environmentName], !text.isEmpty else { continue }
      values[setting] = Value(text: text, place: "the environment's \(setting.environmentName)")
    }
    for (setting, text) in flags { values[setting] = Value(text: text, place: setting.flag) }
    if let one = values[.serverKey] ?? values[.clientKeys],
      values[.serverKey] == nil || values[.clientKeys] == nil
    {
      throw Failure(.badInput, "\(one.place): server_key and client_keys go together")
    }
    for (setting, value) in values.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      if let fault = setting.fault(value.text) {
        throw Failure(.badInput, "\(value.place) \(fault), not \"\(value.text)\"")
      }
    }
  }

  subscript(_ setting: Setting) -> String? { values[setting]?.text }
  func number(_ setting: Setting) -> Int? { values[setting].flatMap { Int($0.text) } }

  private static func read(_ path: String) throws(Failure) -> [Setting: Value] {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw Failure(.badInput, "the settings \(path) cannot be read: \(error.localizedDescription)")
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw Failure(.badInput, "\(path) is not YAML: \(error)")
    }
    guard let root else { return [:] }
    guard case .mapping(let mapping) = root else {
      throw Failure(.badInput, "\(path) is no mapping of settings, such as queue: 64")
    }
    var values: [Setting: Value] = [:]
    for (key, node) in mapping {
      let place = "\(path)\(key.mark.map { ":\($0.line)" } ?? ""): \(key.string ?? "a setting")"
      guard let name = key.string, let setting = Setting(rawValue: name) else {
        let known = Setting.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        throw Failure(.badInput, "\(place) is not known", hints: ["settings are \(known)"])
      }
      guard case .scalar(let scalar) = node else {
        throw Failure(.badInput, "\(place) has to be one value")
      }
      guard values.updateValue(Value(text: scalar.string, place: place), forKey: setting) == nil
      else { throw Failure(.badInput, "\(place) stands there twice") }
    }
    return values
  }
}
