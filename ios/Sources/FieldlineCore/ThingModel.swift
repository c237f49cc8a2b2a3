// What bears a code: an asset, a part, a stockroom or a place. What it is, the work on it and the assets that belong to it, as far as
// this phone knows.

import FieldlineFFI
import Observation

/// Work on the thing.
public struct ThingWork: Equatable, Sendable, Identifiable {
    public let record: RecordId
    public let number: String
    public let what: String
    public let stage: String

    public var id: String { record.sysId.hex }

    init(_ item: Item) {
        (record, number) = (item.record, item.display)
        (what, stage) = (item.fields.text("short_description"), item.stage ?? "")
    }
}

@MainActor
@Observable
public final class ThingModel: Screen {
    /// The tables of what bears a code.
    public nonisolated static let tables = ["alm_asset", "cmdb_model", "alm_stockroom", "cmn_location"]

    public private(set) var name = ""
    /// What is known of it.
    public private(set) var fields: [FormField] = []
    public private(set) var jobs: [ThingWork] = []
    public private(set) var assets: [Found] = []
    public let thing: RecordId

    private let core: OpenStore

    public init(_ core: OpenStore, _ thing: RecordId) {
        (self.core, self.thing) = (core, thing)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work {
            let thing = thing
            (name, fields, jobs, assets) = try await core.ask { store in
                let name = try store.record(record: thing)?.item.display ?? ""
                let filled = (try store.form(record: thing) ?? []).filter { !$0.shown.isEmpty }
                let jobs = try store.referring(target: thing.sysId, table: "wm_task", columns: ["short_description"])
                let assets = try store.referring(target: thing.sysId, table: "alm_asset", columns: Found.about)
                return (name, filled, jobs.map(ThingWork.init), assets.map(Found.init))
            }
        }
    }
}
