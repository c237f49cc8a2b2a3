// An asset: what it is, and the work done on it, as far as this phone knows.

import FieldlineFFI
import Observation

/// Work on the asset.
public struct AssetWork: Equatable, Sendable, Identifiable {
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
public final class AssetModel: Screen {
    public private(set) var name = ""
    /// What is known of it.
    public private(set) var fields: [FormField] = []
    public private(set) var jobs: [AssetWork] = []

    private let core: OpenStore
    private let asset: RecordId

    public init(_ core: OpenStore, _ asset: RecordId) {
        (self.core, self.asset) = (core, asset)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work {
            let asset = asset
            (name, fields, jobs) = try await core.ask { store in
                let name = try store.record(record: asset)?.item.display ?? ""
                let filled = (try store.form(record: asset) ?? []).filter { !$0.shown.isEmpty }
                let jobs = try store.byAsset(asset: asset.sysId, columns: ["short_description"])
                return (name, filled, jobs.map(AssetWork.init))
            }
        }
    }
}
