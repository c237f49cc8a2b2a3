// One asset out, another in, as they are read off their plates.

import FieldlineFFI
import Observation

/// Where what is removed can be taken along to.
public struct Stockroom: Equatable, Sendable, Identifiable {
    public let sysId: SysId
    public let name: String

    public var id: String { sysId.hex }

    init(_ item: Item) {
        (sysId, name) = (item.record.sysId, item.display)
    }
}

@MainActor
@Observable
public final class SwapModel: Screen {
    /// What the job is about, and its serial number.
    public private(set) var expected = ""
    public private(set) var van: Stockroom?
    /// The van, and the stockrooms that are nobody's.
    public private(set) var stockrooms: [Stockroom] = []
    /// What was removed and what was installed last.
    public private(set) var swapped: (removed: String, installed: String)?
    /// Whether nothing covers that it was taken.
    public private(set) var isUncovered = false

    private let core: OpenStore
    private let job: RecordId

    public init(_ core: OpenStore, _ job: RecordId) {
        (self.core, self.job) = (core, job)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work {
            let job = job
            expected = try await core.ask { try plate($0, job) }
            let (own, shared) = try await core.ask { try rooms($0) }
            (van, stockrooms) = (own, [own].compactMap { $0 } + shared)
        }
    }

    public func swap(_ removed: String, for installed: String, into stockroom: SysId?, isDefective: Bool) async -> Bool
    {
        let swap = Swap(
            task: job, removed: removed, installed: installed, stockroom: stockroom, isDefective: isDefective)
        return await work {
            let done = try await core.ask { try $0.swap(swap: swap) }
            swapped = (removed, installed)
            isUncovered = done.contains { !$0.uncovered.isEmpty }
        }
    }
}

/// What is read on the asset of a job.
private func plate(_ store: Fieldline, _ job: RecordId) throws -> String {
    guard let asset = try store.record(record: job)?.item.fields.reference("asset"),
        let item = try store.record(record: RecordId(table: "alm_asset", sysId: asset))?.item
    else { return "" }
    let serialNumber = item.fields.text("serial_number")
    return serialNumber.isEmpty || serialNumber == item.display ? item.display : "\(item.display) · \(serialNumber)"
}

/// This person's van, and the stockrooms that are nobody's.
private func rooms(_ store: Fieldline) throws -> (Stockroom?, [Stockroom]) {
    let rooms = try store.byTable(table: "alm_stockroom", columns: ["type", "manager"])
    let user = try store.enrolled()?.user
    let van = rooms.first { $0.fields.text("type") == "field_agent" && $0.fields.reference("manager") == user }
    let shared = rooms.filter { !["field_agent", "in_transit"].contains($0.fields.text("type")) }
    return (van.map(Stockroom.init), shared.map(Stockroom.init))
}
