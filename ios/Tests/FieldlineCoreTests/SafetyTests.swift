// Whoever works alone: when the phone has to ring for them, and when not any more.

import FieldlineCore
import FieldlineFFI
import XCTest

final class SafetyTests: XCTestCase {
    /// A job on which somebody has to be heard of every so many seconds.
    @MainActor
    private func alone(_ office: Office, _ tina: Technician, every seconds: Int) async throws -> RecordId {
        try await office.sends(tina, "Open the tank", ["check_in_interval": "\(seconds)"])
    }

    @MainActor
    private func goes(_ tina: Technician, _ record: RecordId, _ steps: String...) async throws {
        try await tina.syncs()
        let job = JobModel(tina.core, record)
        await job.show()
        for step in steps { worked(await job.take(step)) }
    }

    @MainActor
    func test_nobody_is_watched_on_a_job_without_a_risk() async throws {
        let (_, tina, job) = try await withJob()
        try await goes(tina, job, "accept", "start_travel")
        let safety = SafetyModel(tina.core)
        XCTAssertNil(safety.alarms)
        worked(await safety.show())
        XCTAssertEqual(safety.alarms, [])
        worked(await safety.help(job))
    }

    @MainActor
    func test_the_phone_rings_when_a_sign_of_life_is_due_each_puts_that_off_and_the_end_of_the_job_ends_it()
        async throws
    {
        let (office, tina) = try await atWork()
        let job = try await alone(office, tina, every: 1_800)
        try await goes(tina, job, "accept", "start_travel")
        let safety = SafetyModel(tina.core)
        await safety.show()
        let first = try XCTUnwrap(safety.alarms?.first)
        let number = try await office.reads(job, "number")
        XCTAssertEqual(first.job, number)
        XCTAssertFalse(first.hasRung)
        let wait = first.at.timeIntervalSince(tina.core.now())
        XCTAssertTrue((1_700...1_800).contains(wait), "in \(wait) seconds")
        try await Task.sleep(for: .milliseconds(10))
        worked(await safety.safe(job))
        XCTAssertGreaterThan(try XCTUnwrap(safety.alarms?.first?.at), first.at)
        try await goes(tina, job, "arrive", "start_work", "complete")
        await safety.show()
        XCTAssertEqual(safety.alarms, [])
    }

    @MainActor
    func test_an_alarm_that_nobody_answered_has_rung_and_those_of_other_jobs_are_still_to_come() async throws {
        let (office, tina) = try await atWork()
        let soon = try await alone(office, tina, every: 1)
        let later = try await alone(office, tina, every: 1_800)
        try await goes(tina, later, "accept", "start_travel")
        try await goes(tina, soon, "accept", "start_travel")
        try await Task.sleep(for: .milliseconds(1_100))
        let safety = SafetyModel(tina.core)
        await safety.show()
        XCTAssertEqual(safety.alarms?.map(\.hasRung), [true, false])
    }
}
