// Work that follows from a job: another visit, or a defect that was found.

import FieldlineFFI
import Observation

@MainActor
@Observable
public final class FollowUpModel: Screen {
    /// What may follow: another visit, and a defect.
    public nonisolated static let tables = ["wm_task", "incident"]

    /// What was opened last.
    public private(set) var opened: String?

    private let core: OpenStore
    private let job: RecordId

    public init(_ core: OpenStore, _ job: RecordId) {
        (self.core, self.job) = (core, job)
    }

    public func open(_ table: String, _ what: String) async -> Bool {
        await work {
            let job = job
            opened = try await core.ask { store in
                let deed = SiteDeed.followUp(record: job, table: table, shortDescription: what)
                return try store.record(record: store.execute(command: .onSite(deed: deed)).record)?.item.display
            }
        }
    }
}
