// A part that can be taken, and the right to take it.

import FieldlineFFI

/// How many parts this phone may take while it can ask nobody.
public struct Right: Equatable, Sendable {
    public let left: Int64
    public let granted: Int64
    /// The number of the only job they are for.
    public let reservedFor: String?

    init(_ lease: Lease, _ store: Fieldline) throws {
        (left, granted) = (lease.left, lease.granted)
        reservedFor = try lease.task.map { task in
            try store.record(record: RecordId(table: "wm_task", sysId: task))?.item.display ?? task.hex
        }
    }
}

public struct Part: Equatable, Sendable, Identifiable {
    public let name: String
    public let model: SysId?
    public var asset: SysId?
    public var stockroom: SysId?
    /// Where it lies, unless that is the van.
    public var place = ""
    public var serialNumber = ""
    public var left: Int64 = 0
    public var rights: [Right] = []

    /// The same whatever is left of it.
    public var id: String { "\((asset ?? model)?.hex ?? "").\(stockroom?.hex ?? "")" }

    init(name: String, model: SysId?) {
        (self.name, self.model) = (name, model)
    }

    /// An asset, wherever it lies.
    init(_ item: Item) {
        self.init(name: item.display, model: item.fields.reference("model"))
        (asset, stockroom) = (item.record.sysId, item.fields.reference("stockroom"))
        serialNumber = item.fields.text("serial_number")
    }

    /// A thing in the van.
    init(_ stock: StockItem, _ leases: [Lease], _ store: Fieldline) throws {
        self.init(stock.item)
        left = stock.left
        rights = try leases.filter { $0.covers(self) }.map { try Right($0, store) }
    }

    /// What is held in another stockroom.
    init(_ lease: Lease) {
        self.init(name: lease.modelName, model: lease.model)
        (stockroom, place) = (lease.stockroom, lease.stockroomName)
    }

    /// With a right to more of it.
    func with(_ lease: Lease, _ store: Fieldline) throws -> Part {
        var part = self
        part.left += lease.left
        part.rights.append(try Right(lease, store))
        return part
    }
}

extension Lease {
    func covers(_ part: Part) -> Bool {
        model == part.model && stockroom == part.stockroom
    }
}
