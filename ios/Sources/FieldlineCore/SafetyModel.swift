// Whether somebody who works alone has to be heard of, saying that one is safe, and calling for help; and when the phone rings.

import FieldlineFFI
import Foundation
import Observation

/// The moment at which the phone rings unless a person was heard of on a job, and whether that has passed.
public struct Alarm: Equatable, Sendable {
    public let job: String
    public let at: Date
    public let hasRung: Bool
}

/// One for the whole app: every job that is watched is in it.
@MainActor
@Observable
public final class SafetyModel: Screen {
    /// Nothing is known before they were read.
    public private(set) var timers: [SafetyTimer]?

    private let core: OpenStore

    public init(_ core: OpenStore) {
        self.core = core
    }

    /// Every alarm there is, the first at the front. What was set before and is not among them is taken back.
    public var alarms: [Alarm]? {
        timers?.map { Alarm(job: $0.task.display, at: $0.dueAt, hasRung: $0.isOverdue) }
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    public func safe(_ job: RecordId) async -> Bool {
        await says(.safe(record: job))
    }

    public func help(_ job: RecordId) async -> Bool {
        await says(.help(record: job))
    }

    private func says(_ deed: SiteDeed) async -> Bool {
        await work {
            try await core.execute(.onSite(deed: deed))
            try await read()
        }
    }

    private func read() async throws {
        timers = try await core.ask { try $0.safety() }
    }
}
