import Foundation

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
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw Failure(message: message(for: error))
    } catch {
      throw Failure(message: "is not valid JSON: \(error)")
    }
  }

  private static func message(for error: DecodingError) -> String {
    let (context, lead): (DecodingError.Context, String) =
      switch error {
      case .typeMismatch(_, let context): (context, "has a value of the wrong type")
      case .valueNotFound(_, let context): (context, "lacks a value")
      case .keyNotFound(let key, let context): (context, "lacks the member \"\(key.stringValue)\"")
      case .dataCorrupted(let context): (context, "is not valid JSON: \(context.debugDescription)")
      @unknown default: (.init(codingPath: [], debugDescription: ""), "cannot be decoded")
      }
    let path = context.codingPath.map { key in
      key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)"
    }.joined()
    return path.isEmpty ? lead : "\(lead) at \(path.drop { $0 == "." })"
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
