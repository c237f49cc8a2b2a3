// Whether somebody who works alone has to be heard of, saying that one is safe, and calling for help.

import FieldlineFFI
import Foundation
import Observation

@MainActor
@Observable
public final class SafetyModel: Screen {
    public private(set) var timers: [SafetyTimer] = []

    private let core: OpenStore
    private let job: RecordId

    public init(_ core: OpenStore, _ job: RecordId) {
        (self.core, self.job) = (core, job)
    }

    /// When the phone has to ring, if it has to.
    public var ringsAt: Date? { timers.map(\.dueAt).min() }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    public func safe() async -> Bool {
        await says(.safe(record: job))
    }

    public func help() async -> Bool {
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
