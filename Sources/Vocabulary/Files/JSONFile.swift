import Foundation
import JSONC

/// Reading a JSON file, with one message for whatever goes wrong.
enum JSONFile {
  struct Failure: Error {
    let message: String
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, at url: URL, limit: Int
  ) throws(Failure) -> Value {
    let data: Data
    do {
      let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
      let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
      guard size <= limit else { throw Failure(message: "is larger than \(limit) bytes") }
      data = try Data(contentsOf: url)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(message: "cannot be read; check that it is a file and readable")
    }
    return try decode(type, from: data)
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data
  ) throws(Failure) -> Value {
    do {
      return try JSONCDecoder().decode(type, from: Array(data))
    } catch {
      throw Failure(message: "cannot be read as JSON of its form: \(error)")
    }
  }
}

/// A key that no type knows beforehand; finds misspelt members.
struct AnyKey: CodingKey, Hashable {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
  init(_ key: some CodingKey) { stringValue = key.stringValue }
}

extension Decoder {
  /// The members that are there but not among the known ones, sorted.
  func unknownMembers<Key: CodingKey & CaseIterable>(besides known: Key.Type) throws -> [String] {
    let names = Set(Key.allCases.map(\.stringValue))
    return try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
      .filter { !names.contains($0) }.sorted()
  }
}
