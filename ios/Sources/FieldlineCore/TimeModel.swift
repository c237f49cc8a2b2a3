// Time spent on a job, and meters read on it.

import FieldlineFFI
import Foundation
import Observation

@MainActor
@Observable
public final class TimeModel: Screen {
    /// The purposes of time the core knows.
    public nonisolated static let purposes = ["travel", "work", "break", "admin", "other"]

    public private(set) var entries: [TimeEntry] = []
    public private(set) var readings: [Reading] = []

    private let core: OpenStore
    private let job: RecordId

    public init(_ core: OpenStore, _ job: RecordId) {
        (self.core, self.job) = (core, job)
    }

    /// How many seconds for each purpose.
    public var totals: [String: TimeInterval] {
        entries.reduce(into: [:]) { totals, entry in
            totals[entry.kind, default: 0] += entry.endedAt.timeIntervalSince(entry.startedAt)
        }
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await readAll() }
    }

    public func log(_ purpose: String, from startedAt: Date, until endedAt: Date) async -> Bool {
        await execute(.logTime(record: job, purpose: purpose, startedAt: startedAt, endedAt: endedAt))
    }

    /// Enters the last minutes until now.
    public func logLast(_ minutes: Int, _ purpose: String) async -> Bool {
        let now = core.now()
        return await log(purpose, from: now.addingTimeInterval(-60 * Double(minutes)), until: now)
    }

    public func read(_ meter: String, _ value: String, unit: String) async -> Bool {
        await execute(.readMeter(record: job, meter: meter, value: value, unit: unit))
    }

    private func execute(_ command: Command) async -> Bool {
        await work {
            try await core.execute(command)
            try await readAll()
        }
    }

    private func readAll() async throws {
        let job = job
        let details = try await core.ask { try $0.record(record: job)?.details }
        (entries, readings) = (details?.timeEntries ?? [], details?.readings ?? [])
    }
}
