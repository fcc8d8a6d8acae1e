import Glibc

extension MetricRegistry {
  /// Adds `process_resident_memory_bytes` and `process_open_fds`, under the names that Prometheus'
  /// client libraries share.
  public func collectProcess() {
    let memory = gauge("process_resident_memory_bytes", "Resident memory size in bytes.")
    let files = gauge("process_open_fds", "Number of open file descriptors.")
    collect {
      if let bytes = ProcessStatus.residentBytes() { memory.set(Double(bytes)) }
      if let count = ProcessStatus.openFiles() { files.set(Double(count)) }
    }
  }
}

/// This process in /proc (man 5 proc).
enum ProcessStatus {
  static func residentBytes() -> Int? {
    guard let file = fopen("/proc/self/statm", "re") else { return nil }
    defer { fclose(file) }
    var line = [UInt8](repeating: 0, count: 128)
    let count = fread(&line, 1, line.count, file)
    // In pages: total size, resident, shared, …
    let fields = String(decoding: line.prefix(count), as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  static func openFiles() -> Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var entries = 0
    while readdir(folder) != nil { entries += 1 }
    // Without `.`, `..` and this reading itself.
    return max(0, entries - 3)
  }
}
