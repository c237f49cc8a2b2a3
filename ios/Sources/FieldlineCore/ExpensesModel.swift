// What was spent on a job, with receipts, and ways that were driven for it.

import FieldlineFFI
import Foundation
import Observation

/// An expense, as it is typed and as it was noted.
public struct SpentOn: Equatable, Sendable {
    public var purpose: String
    public var cost = ""
    public var currency = ""
    public var kilometres = ""
    public var description = ""

    public init(_ purpose: String, cost: String = "", currency: String = "", kilometres: String = "") {
        (self.purpose, self.cost, self.currency, self.kilometres) = (purpose, cost, currency, kilometres)
    }

    init(_ item: Item) {
        purpose = item.fields.text("type")
        (currency, description) = (item.fields.text("currency"), item.fields.text("description"))
        (cost, kilometres) = (item.digits("cost"), item.digits("quantity"))
    }
}

@MainActor
@Observable
public final class ExpensesModel: Screen {
    /// What may be spent on.
    public nonisolated static let kinds = [
        "mileage", "parking", "material", "accommodation", "car_rental", "vendor_cost", "other",
    ]
    private nonisolated static let table = "sm_incidentals"
    private nonisolated static let columns = ["type", "cost", "currency", "quantity", "description"]

    public private(set) var spent: [SpentOn] = []

    private let core: OpenStore
    private let job: RecordId

    public init(_ core: OpenStore, _ job: RecordId) {
        (self.core, self.job) = (core, job)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Notes an expense; the core says what is missing.
    public func spend(_ spent: SpentOn, receipt: Data? = nil) async -> Bool {
        await work {
            let picture = receipt.map {
                Captured(content: .bytes(bytes: $0), fileName: "receipt.jpg", contentType: "image/jpeg")
            }
            let expense = Expense(
                record: job, purpose: spent.purpose, cost: filled(spent.cost), currency: filled(spent.currency),
                quantity: filled(spent.kilometres), description: filled(spent.description), receipt: picture)
            try await core.execute(.onSite(deed: .spend(expense: expense)))
            try await read()
        }
    }

    private func read() async throws {
        let job = job
        spent = try await core.ask { store in
            try store.referring(target: job.sysId, table: Self.table, columns: Self.columns).map(SpentOn.init)
        }
    }
}

private func filled(_ text: String) -> String? {
    let text = text.trimmingCharacters(in: .whitespaces)
    return text.isEmpty ? nil : text
}

extension Item {
    fileprivate func digits(_ name: String) -> String {
        guard case .decimal(let digits)? = fields.first(where: { $0.name == name })?.value else { return "" }
        return digits
    }
}
