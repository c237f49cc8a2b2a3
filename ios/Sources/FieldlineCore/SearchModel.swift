// Finding things on this phone: by a code, by words, or by leafing through a table such as the product models.

import FieldlineFFI
import Foundation
import Observation

public struct Found: Equatable, Sendable, Identifiable {
    /// The first of these that is filled tells what a record is about.
    static let about = ["short_description", "serial_number", "street", "manufacturer", "city"]

    public let record: RecordId
    public let name: String
    public let about: String
    public let stage: String

    public var id: String { record.table + record.sysId.hex }

    init(_ item: Item) {
        (record, name, stage) = (item.record, item.display, item.stage ?? "")
        let texts = Self.about.map { item.fields.text($0) }
        about = texts.first { !$0.isEmpty && $0 != item.display } ?? ""
    }
}

@MainActor
@Observable
public final class SearchModel: Screen {
    /// What people leaf through.
    public nonisolated static let tables = [
        "wm_task", "wm_order", "alm_asset", "cmdb_model", "cmn_location", "customer_contact",
    ]

    public private(set) var text = ""
    public private(set) var table: String?
    public private(set) var found: [Found] = []
    /// The one thing that bears the text as its code.
    public private(set) var meant: RecordId?

    private let core: OpenStore

    public init(_ core: OpenStore) {
        self.core = core
    }

    /// Finds what bears the text as a code; where nothing does, what has every word of it. Nothing finds nothing.
    public func search(_ text: String) async -> Bool {
        await work {
            let isEmpty = text.allSatisfy(\.isWhitespace)
            let bearing = isEmpty ? [] : try await core.ask { try $0.resolveCode(code: text) }
            var items = bearing
            if bearing.isEmpty && !isEmpty {
                items = try await core.ask { try $0.search(text: text, columns: Found.about) }
            }
            (self.text, table, found) = (text, nil, items.map(Found.init))
            meant = bearing.count == 1 ? bearing[0].record : nil
        }
    }

    /// Leafs through a table.
    public func browse(_ table: String) async -> Bool {
        await work {
            let items = try await core.ask { try $0.byTable(table: table, columns: Found.about) }
            (text, self.table, found, meant) = ("", table, items.map(Found.init), nil)
        }
    }
}
