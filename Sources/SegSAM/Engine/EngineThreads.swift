/// Where an engine computes.
public enum EngineThreads {
  /// Set by who calls an engine from a thread that may be held for as long as the answer takes: none of
  /// the cooperative pool's. The engine then computes there, which spares two changes of thread.
  @TaskLocal public static var mayBlock = false
}
