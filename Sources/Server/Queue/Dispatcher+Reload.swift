import BusProtocol
import JSONC
import Logging
import SegSAM

extension Dispatcher {
  /// Loads another model beside the one that answers, and has it answer what is begun from then on.
  /// What runs is finished by the old one.
  ///
  /// - Throws: `busy` while another is loaded; `invalid_argument` where it cannot be.
  nonisolated func loadModel(_ name: String?) async throws -> Answer {
    guard let reload = await beginReload() else {
      throw ProtocolError.busy(retryAfterMilliseconds: 1000)
    }
    do {
      let loaded = try await reload(name)
      return await swap(loaded)
    } catch {
      await endReload()
      logger.error("a model was not loaded", metadata: ["error": "\(error)"])
      throw ProtocolError.invalidArgument(
        "this model cannot be loaded, as the server's log tells; the one before goes on answering",
        path: "parameters.name")
    }
  }

  private func beginReload() -> SegmentService.Reload? {
    guard !isReloading else { return nil }
    isReloading = true
    return reload
  }

  private func endReload() { isReloading = false }

  private func swap(_ loaded: SegmentService.Loaded) -> Answer {
    isReloading = false
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
