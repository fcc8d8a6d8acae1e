import BusProtocol
import JSONC
import Logging
import SegSAM

extension Dispatcher {
  /// Loads another model beside the one that answers, and has it answer what is begun from then on.
  /// What runs is finished by the old one. Without a name it is the one in use, read again.
  ///
  /// - Throws: `busy` while another is loaded; `invalid_argument` where it cannot be.
  nonisolated func loadModel(_ name: String?) async throws -> Answer {
    guard let (reload, inUse) = await beginReload() else {
      throw ProtocolError.busy(retryAfterMilliseconds: 1000)
    }
    do {
      let loaded = try await reload(name ?? inUse)
      return await swap(loaded, name: name ?? inUse)
    } catch {
      await endReload()
      logger.error("a model was not loaded", metadata: ["error": "\(error)"])
      throw ProtocolError.invalidArgument(
        "this model cannot be loaded, as the server's log tells; the one before goes on answering",
        path: "parameters.name")
    }
  }

  /// - Returns: nil while another is loaded; else how, and the name under which the present one was
  ///   asked for.
  private func beginReload() -> (SegmentService.Reload, inUse: String?)? {
    guard !isReloading, let reload else { return nil }
    isReloading = true
    return (reload, modelName)
  }

  private func endReload() { isReloading = false }

  private func swap(_ loaded: SegmentService.Loaded, name: String?) -> Answer {
    isReloading = false
    modelName = name
    work.engine = loaded.engine
    work.lookup = CategoryLookup(
      vocabulary: loaded.vocabulary, trained: loaded.engine.trainedCategories)
    // Answers of the old model are not the new one's.
    answers.removeAll()
    let model = loaded.engine.model
    logger.info("model", metadata: ["model": "\(model.name)", "version": "\(model.version)"])
    return Answer(
      result: ["model": ["name": .string(model.name), "version": .string(model.version)]])
  }
}
