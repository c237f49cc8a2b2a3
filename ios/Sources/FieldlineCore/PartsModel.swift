// Parts: what is in the van, what this phone may take without asking, what was used on a job; using, putting back and counting.

import FieldlineFFI
import Observation

/// Parts of one model used on a job, less those put back.
public struct UsedPart: Equatable, Sendable, Identifiable {
    public let model: SysId
    public let name: String
    public let quantity: Int64

    public var id: String { model.hex }
}

/// How many of a part were found.
public struct CountedPart: Equatable, Sendable {
    public let part: Part
    public let quantity: Int64
}

/// Without a job it shows the van only.
@MainActor
@Observable
public final class PartsModel: Screen {
    public private(set) var van: [Part] = []
    /// What is held for this phone in other stockrooms.
    public private(set) var elsewhere: [Part] = []
    public private(set) var used: [UsedPart] = []
    /// What was taken last, where nothing covers that.
    public private(set) var uncovered: Part?
    public private(set) var counted: CountedPart?
    /// What a code may stand for, where that is not one part alone.
    public private(set) var offered: [Part]?

    private let core: OpenStore
    private let job: RecordId?

    public init(_ core: OpenStore, job: RecordId? = nil) {
        (self.core, self.job) = (core, job)
    }

    public var isOnJob: Bool { job != nil }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Takes a part for the job.
    public func use(_ part: Part, _ quantity: Int64) async -> Bool {
        guard let job, let model = part.model else { return false }
        let use = Command.usePart(
            record: job, model: model, quantity: quantity, asset: part.asset, stockroom: part.stockroom)
        return await work {
            let done = try await core.execute(use)
            (uncovered, offered) = (done.uncovered.isEmpty ? nil : part, nil)
            try await read()
        }
    }

    /// Puts a part back to where it was.
    public func putBack(_ part: Part, _ quantity: Int64) async -> Bool {
        await use(part, -quantity)
    }

    /// Takes the part a code stands for; where there are several, or none, it says which.
    public func use(code: String) async -> Bool {
        let known = van + elsewhere
        let isRead = await work { offered = try await core.ask { try meant($0, code, known) } }
        guard isRead, let offered, let only = offered.first, offered.count == 1 else { return isRead }
        return await use(only, 1)
    }

    /// Notes how many were found where a part lies, and why somebody counted.
    public func count(_ part: Part, _ quantity: Int64, _ reason: String) async -> Bool {
        guard let stockroom = part.stockroom, let model = part.model else { return false }
        let count = Command.count(stockroom: stockroom, model: model, quantity: quantity, reason: reason)
        return await work {
            try await core.execute(count)
            counted = CountedPart(part: part, quantity: quantity)
            try await read()
        }
    }

    private func read() async throws {
        let job = job
        (van, elsewhere, used) = try await core.ask { store in
            let leases = try store.leases().filter { job == nil || $0.task == nil || $0.task == job?.sysId }
            let van = try store.vanStock().map { try Part($0, leases, store) }
            let rest = leases.filter { lease in !van.contains(where: lease.covers) }
            let uses = try job.flatMap { try store.record(record: $0)?.details?.parts } ?? []
            return (van, try held(rest, store), try usedParts(uses, store))
        }
    }
}

/// What is held in other stockrooms, each part once.
private func held(_ leases: [Lease], _ store: Fieldline) throws -> [Part] {
    try leases.reduce(into: []) { parts, lease in
        if let known = parts.firstIndex(where: lease.covers) {
            parts[known] = try parts[known].with(lease, store)
        } else {
            parts.append(try Part(lease).with(lease, store))
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

/// The parts a code may stand for: of the van and of what is held elsewhere, as far as they are there.
private func meant(_ store: Fieldline, _ code: String, _ known: [Part]) throws -> [Part] {
    let parts = try store.resolveCode(code: code).flatMap { item in
        switch item.record.table {
        case "alm_asset": [known.first { $0.asset == item.record.sysId } ?? Part(item)]
        case "cmdb_model": ofModel(item, known)
        default: [Part]()
        }
    }
    return parts.reduce(into: []) { once, part in
        if !once.contains(where: { $0.id == part.id }) { once.append(part) }
    }
}

private func ofModel(_ model: Item, _ known: [Part]) -> [Part] {
    let parts = known.filter { $0.model == model.record.sysId }
    let there = parts.filter { $0.left > 0 }
    if !there.isEmpty { return there }
    return parts.isEmpty ? [Part(name: model.display, model: model.record.sysId)] : parts
}
