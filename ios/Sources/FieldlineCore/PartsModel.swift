// Parts: what is in the van, what was used on a job, using and putting back.

import FieldlineFFI
import Observation

/// A thing in the van.
public struct VanPart: Equatable, Sendable, Identifiable {
    public let asset: RecordId
    public let name: String
    public let serialNumber: String
    public let left: Int64
    public let model: SysId?
    public let stockroom: SysId?

    public var id: String { asset.sysId.hex }

    init(_ stock: StockItem) {
        let fields = stock.item.fields
        (asset, name, left) = (stock.item.record, stock.item.display, stock.left)
        serialNumber = fields.text("serial_number")
        (model, stockroom) = (fields.reference("model"), fields.reference("stockroom"))
    }
}

/// Parts of one model used on a job, less those put back.
public struct UsedPart: Equatable, Sendable, Identifiable {
    public let model: SysId
    public let name: String
    public let quantity: Int64

    public var id: String { model.hex }
}

/// Without a job it shows the van only.
@MainActor
@Observable
public final class PartsModel: Screen {
    public private(set) var van: [VanPart] = []
    public private(set) var used: [UsedPart] = []

    private let core: OpenStore
    private let job: RecordId?

    public init(_ core: OpenStore, job: RecordId? = nil) {
        (self.core, self.job) = (core, job)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Takes a thing out of the van for the job.
    public func use(_ part: VanPart, _ quantity: Int64) async -> Bool {
        guard let model = part.model else { return false }
        return await move(model, quantity, asset: part.asset.sysId, stockroom: part.stockroom)
    }

    /// Puts a thing back into the van.
    public func putBack(_ part: VanPart, _ quantity: Int64) async -> Bool {
        await use(part, -quantity)
    }

    /// Uses a part of a model that is not from the van.
    public func use(model: SysId, _ quantity: Int64) async -> Bool {
        await move(model, quantity, asset: nil, stockroom: nil)
    }

    private func move(_ model: SysId, _ quantity: Int64, asset: SysId?, stockroom: SysId?) async -> Bool {
        guard let job else { return false }
        let use = Command.usePart(record: job, model: model, quantity: quantity, asset: asset, stockroom: stockroom)
        return await work {
            try await core.execute(use)
            try await read()
        }
    }

    private func read() async throws {
        let job = job
        (van, used) = try await core.ask { store in
            let uses = try job.flatMap { try store.record(record: $0)?.details?.parts } ?? []
            return (try store.vanStock().map(VanPart.init), try usedParts(uses, store))
        }
    }
}

private func usedParts(_ uses: [PartUse], _ store: Fieldline) throws -> [UsedPart] {
    let models = Dictionary(grouping: uses, by: \.model).mapValues { $0.reduce(0) { $0 + $1.quantity } }
    let used = try models.filter { $0.value != 0 }.map { model, quantity in
        let name = try store.record(record: RecordId(table: "cmdb_model", sysId: model))?.item.display
        return UsedPart(model: model, name: name ?? model.hex, quantity: quantity)
    }
    return used.sorted { $0.name < $1.name }
}
