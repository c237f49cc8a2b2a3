// What changed, and what needs a decision.

import FieldlineCore
import FieldlineFFI
import XCTest

final class NewsAndAttentionTests: XCTestCase {
    @MainActor
    func test_a_job_that_came_is_news_until_it_was_looked_at() async throws {
        let (_, tina, record) = try await withJob()
        let news = NewsModel(tina.core)
        await news.show()
        XCTAssertEqual(news.news.first { $0.record == record }?.happened, .came)
        worked(await news.lookedAtAll())
        XCTAssertTrue(news.news.isEmpty)
    }

    /// Both write the description, neither knowing of the other's.
    @MainActor
    private func disputed() async throws -> (Office, Technician, RecordId, AttentionModel) {
        let (office, tina, record) = try await withJob("Measure the pressure")
        let job = JobModel(tina.core, record)
        await job.show()
        worked(await job.change(["description": "48 kPa"]))
        try await office.changes(record, ["description": "50 kPa"])
        try await tina.syncs()
        let attention = AttentionModel(tina.core)
        await attention.show()
        return (office, tina, record, attention)
    }

    @MainActor
    func test_a_value_two_people_wrote_without_knowing_of_each_other_waits_to_be_confirmed() async throws {
        let (_, tina, record, attention) = try await disputed()
        let doubt = try XCTUnwrap(attention.doubts.first { $0.item.record == record })
        XCTAssertEqual(doubt.alternatives.map(\.field), ["description"])
        XCTAssertEqual(attention.labels["description"], "Description")
        worked(await attention.keep(record, field: "description"))
        XCTAssertEqual(attention.count, 0)
        try await tina.syncs()
        await attention.show()
        XCTAssertEqual(attention.count, 0)
    }

    @MainActor
    func test_the_other_value_can_be_taken_instead() async throws {
        let (office, tina, record, attention) = try await disputed()
        let other = try XCTUnwrap(attention.doubts.first?.alternatives.first)
        worked(await attention.take(record, other))
        XCTAssertEqual(attention.count, 0)
        try await tina.syncs()
        let kept = try await office.reads(record, "description")
        XCTAssertEqual(other.value, .text(text: kept ?? ""))
    }

    @MainActor
    func test_a_question_two_people_answered_differently_is_settled_with_one_of_the_answers() async throws {
        let (office, tina, record) = try await withJob()
        let mia = try await office.technician()
        try await mia.store.signIn(server: office.url, userName: tina.name, password: password, deviceName: "tablet")
        try await mia.syncs()
        for (phone, answer) in [(tina, "yes"), (mia, "no")] {
            worked(await ChecklistModel(phone.core, record).answer("Is the valve tight?", answer))
        }
        for phone in [tina, mia, tina] { try await phone.syncs() }
        let attention = AttentionModel(tina.core)
        await attention.show()
        let question = try XCTUnwrap(attention.doubts.first?.disputed.first)
        worked(await attention.settle(record, question.question, with: question.latest))
        XCTAssertEqual(attention.count, 0)
    }

    @MainActor
    func test_an_edit_the_server_keeps_aside_can_be_sent_again_or_given_up() async throws {
        let (office, tina) = try await hired()
        try await office.gives(tina.user, roles: "wm_agent", "wm_dispatcher")
        try await tina.store.signIn(server: office.url, userName: tina.name, password: password, deviceName: "phone")
        let record = try await office.sends(tina, "Inspect the boiler")
        try await tina.syncs()
        try await office.gives(tina.user, roles: "wm_agent")
        let job = JobModel(tina.core, record)
        await job.show()
        for field in ["needs_crew", "is_fixed_window"] { worked(await job.change([field: "true"])) }
        try await tina.syncs()
        let attention = AttentionModel(tina.core)
        await attention.show()
        let held = attention.held.sorted { $0.counter < $1.counter }
        XCTAssertEqual(held.count, 2)
        XCTAssertTrue(held[0].detail.contains("wm_dispatcher"), held[0].detail)
        try await office.gives(tina.user, roles: "wm_agent", "wm_dispatcher")
        worked(await attention.resend(held[0]))
        worked(await attention.discard(held[1]))
        XCTAssertTrue(attention.held.isEmpty)
        try await tina.syncs()
        let kept = [try await office.reads(record, "needs_crew"), try await office.reads(record, "is_fixed_window")]
        XCTAssertEqual(kept, ["true", "false"])
    }
}
