// A job from the first step to the last.

import FieldlineCore
import FieldlineFFI
import XCTest

final class JobTests: XCTestCase {
    @MainActor
    private func job() async throws -> (Office, Technician, JobModel) {
        let (office, tina, record) = try await withJob()
        let job = JobModel(tina.core, record)
        await job.show()
        return (office, tina, job)
    }

    @MainActor
    private func take(_ job: JobModel, _ steps: String...) async throws {
        for step in steps {
            let offer = try XCTUnwrap(job.steps.first { $0.step == step }, "\(step) is not offered")
            worked(await job.choose(offer))
        }
    }

    @MainActor
    func test_a_job_is_travelled_to_arrived_at_begun_and_completed_without_a_line() async throws {
        let (office, tina, job) = try await job()
        try await take(job, "accept", "start_travel", "arrive", "start_work", "complete")
        XCTAssertEqual(job.stage, "closed_complete")
        XCTAssertGreaterThanOrEqual(job.view?.item.unsent ?? 0, 5)
        try await tina.syncs()
        let state = try await office.reads(job.record, "state")
        XCTAssertEqual(state, "3")
        await job.show()
        XCTAssertEqual(job.view?.item.unsent, 0)
    }

    @MainActor
    func test_a_step_that_asks_for_a_reason_is_taken_only_with_one() async throws {
        let (_, _, job) = try await job()
        try await take(job, "accept", "start_work", "pause")
        XCTAssertEqual(job.asked?.offer.step, "pause")
        XCTAssertEqual(job.stage, "work_in_progress")
        failed(await job.take("pause"))
        XCTAssertEqual(job.problem?.remedy, .correct)
        worked(await job.take("pause", reason: "waiting_for_parts", comment: "We wait for the seal"))
        XCTAssertEqual(job.stage, "paused")
        XCTAssertEqual(job.comments.map(\.text), ["We wait for the seal"])
        XCTAssertNil(job.asked)
    }

    @MainActor
    func test_a_chosen_step_can_be_let_be() async throws {
        let (_, _, job) = try await job()
        try await take(job, "reject")
        XCTAssertNotNil(job.asked)
        job.leave()
        XCTAssertNil(job.asked)
        XCTAssertEqual(job.stage, "assigned")
    }

    @MainActor
    func test_comments_and_notes_are_in_the_journals_they_were_written_to() async throws {
        let (_, _, job) = try await job()
        worked(await job.comment("The pump leaks"))
        worked(await job.note("Bring a seal"))
        XCTAssertEqual(job.comments.map(\.text), ["The pump leaks"])
        XCTAssertEqual(job.workNotes.map(\.text), ["Bring a seal"])
        XCTAssertEqual(job.workNotes.first?.place, here)
        XCTAssertFalse(job.history.isEmpty)
        XCTAssertTrue(job.refused.isEmpty)
    }

    @MainActor
    func test_what_was_typed_is_in_the_form_and_what_cannot_be_is_told_with_the_field() async throws {
        let (_, _, job) = try await job()
        worked(await job.change(["close_notes": "Seal changed", "estimated_work_duration": "1800"]))
        XCTAssertEqual(job.form.first { $0.name == "close_notes" }?.shown, "Seal changed")
        failed(await job.change(["estimated_work_duration": "half an hour"]))
        XCTAssertEqual(job.problem?.remedy, .correct)
        XCTAssertEqual(job.problem?.subject, "estimated_work_duration")
        job.understood()
        XCTAssertNil(job.problem)
    }

    @MainActor
    func test_what_only_dispatch_may_write_is_refused_before_it_is_sent() async throws {
        let (_, _, job) = try await job()
        XCTAssertEqual(job.form.first { $0.name == "window_start" }?.mayWrite, false)
        failed(await job.change(["window_start": "2026-11-28 08:30"]))
        XCTAssertEqual(job.problem?.remedy, .askDispatch)
        XCTAssertEqual(job.problem?.subject, "window_start")
    }

    @MainActor
    func test_a_job_that_is_not_on_this_phone_says_so() async throws {
        let (office, tina) = try await atWork()
        let other = try await office.creates("wm_task", ["short_description": "Not hers"])
        let job = JobModel(tina.core, other)
        worked(await job.show())
        XCTAssertNil(job.view)
    }

    func test_typed_moments_are_of_the_phones_own_zone() throws {
        let typed = Typed(timeZone: try XCTUnwrap(TimeZone(identifier: "Europe/Berlin")))
        let moment = try XCTUnwrap(typed.moment("2026-11-28 08:30"))
        XCTAssertEqual(moment.timeIntervalSince1970, 1_795_851_000)
        XCTAssertEqual(typed.text(moment), "2026-11-28 08:30")
    }
}
