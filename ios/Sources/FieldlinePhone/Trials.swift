// What a phone does to itself: it stops what it began, and measures its memory and its time.

import FieldlineFFI
import Foundation

extension Fieldline {
    /// Cancels a sync. The bindings do not hand a task's end on to the core, so whoever cancels a task stops the core, too.
    func cancelSync(after milliseconds: Int64, _ world: World) async throws {
        let syncing = Task { try await sync(listener: world, mostSeconds: nil) }
        try await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
        syncing.cancel()
        try stop()
        _ = await syncing.result
    }

    /// Throws what it ended with.
    func inStep(for milliseconds: Int64, _ world: World) async throws {
        let keeping = Task { try await keepInStep(listener: world) }
        try await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
        try stop()
        try await keeping.value
    }

    /// The median wall time of one `today`.
    func timeToday(_ given: Given) throws -> Json {
        let (from, until) = (try given.moment("from"), try given.moment("until"))
        let (columns, repetitions) = (given.texts("columns"), Int(try given.whole("repetitions")))
        let clock = ContinuousClock()
        let once = { try clock.measure { _ = try self.today(from: from, until: until, columns: columns) } }
        for _ in 0..<repetitions { _ = try once() }
        let times = try (0..<repetitions).map { _ in try once() }.sorted()
        let (seconds, attoseconds) = times[repetitions / 2].components
        return .fields([("nanoseconds", .whole(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))])
    }
}

/// Opens, asks and drops a store many times; how large the process was before and after.
func cycles(_ directory: String, count: Int, platform: () -> Platform) throws -> Json {
    func cycle(_ times: Int) throws {
        for _ in 0..<times {
            let store = try Fieldline.open(directory: directory, platform: platform())
            _ = (coreVersion(), try store.syncStatus())
        }
    }
    try cycle(count / 10)
    let before = try residentBytes()
    try cycle(count)
    return .fields([("before_bytes", told(before)), ("after_bytes", told(try residentBytes()))])
}

private func residentBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
        let kibibytes = Int(line.filter(\.isNumber))
    else { throw Malformed(what: "the system does not tell how large this process is") }
    return kibibytes << 10
}
