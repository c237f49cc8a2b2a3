// The day: what is to be done, where it is, and in which order it is best done.

import FieldlineFFI
import Foundation
import Observation

/// A job in the list of the day.
public struct TodayJob: Equatable, Sendable, Identifiable {
    public let record: RecordId
    public let number: String
    public let what: String
    public let stage: String
    public let beginsAt: Date?
    public let site: String
    public let place: Place?
    public let attention: UInt32
    public let unsent: UInt64
    public let isLeaving: Bool

    public var id: String { record.sysId.hex }

    init(_ item: Item, site: Item?) {
        record = item.record
        number = item.display
        what = item.fields.text("short_description")
        stage = item.stage ?? ""
        beginsAt = item.fields.moment("expected_start") ?? item.fields.moment("window_start")
        self.site = site?.display ?? ""
        place = site?.place
        attention = item.attention
        unsent = item.unsent
        isLeaving = item.isLeaving
    }
}

@MainActor
@Observable
public final class TodayModel: Screen {
    private nonisolated static let columns = ["short_description", "expected_start", "window_start", "location"]

    public private(set) var day: Date
    public private(set) var jobs: [TodayJob] = []
    /// The best order known.
    public private(set) var order: DayPlan?

    private let core: OpenStore
    private var plan: PlannedDay?

    public init(_ core: OpenStore) {
        self.core = core
        day = core.startOfDay(core.now())
    }

    /// What a map shows.
    public var points: [TodayJob] { jobs.filter { $0.place != nil } }

    /// The day shown, as it is now.
    @discardableResult
    public override func show() async -> Bool {
        await show(day)
    }

    /// Shows a day; a plan of another day is not kept.
    @discardableResult
    public func show(_ moment: Date) async -> Bool {
        await work {
            let shown = core.startOfDay(moment)
            let (from, until) = (shown, core.day(1, after: shown))
            let items = try await core.ask { try $0.today(from: from, until: until, columns: Self.columns) }
            let sites = try await sites(of: items)
            if shown != day { (plan, order) = (nil, nil) }
            day = shown
            jobs = items.map { TodayJob($0, site: $0.fields.reference("location").flatMap { sites[$0] }) }
        }
    }

    /// Asks for the best order from where the phone is.
    public func plan(from here: Place) async -> Bool {
        await work {
            let (from, until) = (day, core.day(1, after: day))
            let planned = try await core.ask { try $0.planDay(from: from, until: until, here: here) }
            (plan, order) = (planned, try await core.ask { _ in try planned.shown() })
        }
    }

    /// Writes the planned times into the jobs.
    public func takePlan() async -> Bool {
        let taken = await work {
            guard let plan else { return }
            try await core.ask { try $0.takeDay(plan: plan) }
            (self.plan, order) = (nil, nil)
        }
        return taken ? await show(day) : false
    }

    private func sites(of items: [Item]) async throws -> [SysId: Item] {
        let locations = Set(items.compactMap { $0.fields.reference("location") })
        return try await core.ask { store in
            let sites = try locations.compactMap { id in
                try store.record(record: RecordId(table: "cmn_location", sysId: id)).map { (id, $0.item) }
            }
            return Dictionary(uniqueKeysWithValues: sites)
        }
    }
}
