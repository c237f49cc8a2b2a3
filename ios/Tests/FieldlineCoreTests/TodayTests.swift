// The day as a technician sees it.

import FieldlineCore
import FieldlineFFI
import Observation
import XCTest

/// Raised on the main thread only.
private final class Flag: @unchecked Sendable {
    var isRaised = false
}

final class TodayTests: XCTestCase {
    @MainActor
    private func site(_ office: Office, _ name: String, _ latitude: String, _ longitude: String) async throws
        -> [String: String]
    {
        let fields = ["name": name, "latitude": latitude, "longitude": longitude]
        return ["location": try await office.creates("cmn_location", fields).sysId.hex]
    }

    @MainActor
    func test_the_jobs_of_the_day_come_with_their_site_and_their_place_on_the_map() async throws {
        let (office, tina) = try await atWork()
        _ = try await office.sends(tina, "Change the pump", site(office, "Waterworks", "48.2", "11.6"))
        _ = try await office.sends(tina, "Look at the fan")
        try await tina.syncs()
        let today = TodayModel(tina.core)
        worked(await today.show())
        let pump = try XCTUnwrap(today.jobs.first { $0.what == "Change the pump" })
        XCTAssertEqual(pump.site, "Waterworks")
        XCTAssertEqual(pump.place?.latitude, 48.2)
        XCTAssertEqual(pump.stage, "assigned")
        XCTAssertEqual(today.points, [pump])
        XCTAssertEqual(today.jobs.count, 2)
    }

    @MainActor
    func test_a_planned_order_names_the_stops_with_their_ways_and_what_has_no_place_in_it() async throws {
        let (office, tina) = try await atWork()
        _ = try await office.sends(tina, "Far", site(office, "Far", "48.4", "11.9"))
        _ = try await office.sends(tina, "Near", site(office, "Near", "48.14", "11.58"))
        _ = try await office.sends(tina, "Nowhere")
        try await tina.syncs()
        let today = TodayModel(tina.core)
        await today.show()
        worked(await today.plan(from: here))
        let order = try XCTUnwrap(today.order)
        XCTAssertEqual(order.stops.count + order.leftOut.count, 3)
        XCTAssertTrue(order.leftOut.contains { $0.reason.contains("location") })
    }

    @MainActor
    func test_a_technician_who_may_not_write_the_times_is_told_so_and_loses_nothing() async throws {
        let (office, tina) = try await atWork()
        _ = try await office.sends(tina, "Near", site(office, "Near", "48.14", "11.58"))
        try await tina.syncs()
        let today = TodayModel(tina.core)
        await today.show()
        _ = await today.plan(from: here)
        XCTAssertEqual(today.order?.mayTake, false)
        failed(await today.takePlan())
        XCTAssertEqual(today.problem?.remedy, .askDispatch)
        XCTAssertEqual(today.jobs.count, 1)
    }

    @MainActor
    func test_the_plan_of_one_day_is_not_shown_on_another() async throws {
        let (office, tina) = try await atWork()
        _ = try await office.sends(tina, "Near", site(office, "Near", "48.14", "11.58"))
        try await tina.syncs()
        let today = TodayModel(tina.core)
        await today.show()
        _ = await today.plan(from: here)
        await today.show(tina.core.day(1, after: today.day))
        XCTAssertNil(today.order)
        XCTAssertFalse(today.isBusy)
    }

    @MainActor
    func test_a_screen_that_shows_the_day_is_told_when_it_changes() async throws {
        let (_, tina, _) = try await withJob()
        let today = TodayModel(tina.core)
        let told = Flag()
        withObservationTracking {
            _ = today.jobs
        } onChange: {
            told.isRaised = true
        }
        await today.show()
        XCTAssertTrue(told.isRaised)
    }
}
