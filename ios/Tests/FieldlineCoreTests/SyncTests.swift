// What a technician is told about the state of their work.

import FieldlineCore
import FieldlineFFI
import XCTest

final class SyncTests: XCTestCase {
    @MainActor
    func test_before_anybody_signed_in_nothing_is_claimed_to_be_sent() async throws {
        let (_, tina) = try await hired()
        let sync = SyncModel(tina.core)
        XCTAssertFalse(sync.isAllSent)
        worked(await sync.show())
        XCTAssertFalse(sync.isAllSent)
        XCTAssertNil(sync.status?.syncedAt)
        failed(await sync.sync())
        XCTAssertEqual(sync.problem?.remedy, .signIn)
    }

    @MainActor
    func test_work_waits_visibly_until_the_server_has_it() async throws {
        let (_, tina, record) = try await withJob()
        let sync = SyncModel(tina.core)
        worked(await sync.sync())
        XCTAssertTrue(sync.isAllSent)
        let before = try XCTUnwrap(sync.status?.syncedAt)
        worked(await JobModel(tina.core, record).comment("The pump leaks"))
        await sync.show()
        XCTAssertEqual(sync.status?.unsentEdits, 1)
        XCTAssertFalse(sync.isAllSent)
        worked(await sync.sync())
        XCTAssertTrue(sync.isAllSent)
        XCTAssertGreaterThanOrEqual(try XCTUnwrap(sync.status?.syncedAt), before)
    }

    @MainActor
    func test_a_server_that_cannot_be_reached_is_told_with_its_remedy() async throws {
        let (_, tina) = try await hired()
        let settings = SettingsModel(tina.core, PreferencesInMemory(), deviceName: "phone")
        failed(await settings.signIn(server: "http://127.0.0.1:9", userName: tina.name, password: password))
        XCTAssertEqual(settings.problem?.remedy, .waitForLine)
    }

    @MainActor
    func test_a_phone_that_keeps_in_step_hears_of_a_new_job_by_itself_and_stops_when_its_task_ends() async throws {
        let (office, tina) = try await atWork()
        let (sync, today) = (SyncModel(tina.core), TodayModel(tina.core))
        let keeping = Task { await sync.keepInStep() }
        _ = try await office.sends(tina, "Come at once")
        let until = Date().addingTimeInterval(30)
        while today.jobs.isEmpty && Date() < until {
            try await Task.sleep(nanoseconds: 50_000_000)
            await today.show()
        }
        XCTAssertEqual(today.jobs.map(\.what), ["Come at once"])
        keeping.cancel()
        await keeping.value
        XCTAssertNil(sync.problem)
    }

    @MainActor
    func test_where_there_is_no_kiosk_the_person_is_told() async throws {
        let (_, tina) = try await atWork()
        let sync = SyncModel(tina.core)
        worked(await sync.visitKiosk("http://127.0.0.1:9"))
        XCTAssertEqual(sync.lastVisit, .noKiosk)
        await sync.networkIsBack()
        XCTAssertNil(sync.problem)
    }
}
