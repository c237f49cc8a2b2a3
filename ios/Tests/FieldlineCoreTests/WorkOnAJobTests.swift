// What is written down on a job beside its steps: answers, photos, documents, signatures, time, readings.

import FieldlineCore
import FieldlineFFI
import XCTest

/// Pictures a test can tell apart.
private struct NamedPictures: Pictures {
    func flattened(_ photo: Data, _ strokes: [Stroke]) -> Data { photo + [UInt8(strokes.count)] }

    func thumbnail(_ photo: Data) -> Data { photo.prefix(1) }

    func drawn(_ strokes: [Stroke], width _: Int, height _: Int) -> Data { Data("signed \(strokes.count)".utf8) }
}

private let line = Stroke([.init(x: 0.1, y: 0.1), .init(x: 0.9, y: 0.9)])

final class WorkOnAJobTests: XCTestCase {
    @MainActor
    func test_answers_are_kept_by_question_and_the_latest_is_shown() async throws {
        let (_, tina, job) = try await withJob()
        let list = ChecklistModel(tina.core, job)
        worked(await list.answer("Is the valve tight?", "no"))
        worked(await list.answer("Is the valve tight?", "yes"))
        XCTAssertEqual(list.answers.map(\.latest.answer), ["yes"])
        XCTAssertEqual(list.disputed, 0)
    }

    @MainActor
    func test_a_photo_is_kept_as_it_was_taken_and_beside_it_with_what_was_drawn_on_it() async throws {
        let (_, tina, job) = try await withJob()
        let photos = PhotosModel(tina.core, job, NamedPictures())
        worked(await photos.add(Data([7, 7]), [line], fileName: "pump.jpg"))
        let photo = try XCTUnwrap(photos.photos.first)
        XCTAssertEqual(photo.thumbnail, Data([7]))
        XCTAssertEqual(photo.photo.fileName, "pump.jpg")
        worked(await photos.open(try XCTUnwrap(photo.marked).blob))
        XCTAssertEqual(photos.opened, Data([7, 7, 1]))
        worked(await photos.open(photo.photo.blob))
        XCTAssertEqual(photos.opened, Data([7, 7]))
        worked(await photos.name(photo.photo.blob, "before"))
        XCTAssertEqual(photos.photos.map(\.shows), ["before"])
        photos.close()
        XCTAssertNil(photos.opened)
    }

    @MainActor
    func test_a_photo_without_strokes_is_kept_as_it_was_taken() async throws {
        let (_, tina, job) = try await withJob()
        let photos = PhotosModel(tina.core, job, NamedPictures())
        worked(await photos.add(Data([9, 9]), [], fileName: "pump.jpg"))
        let photo = try XCTUnwrap(photos.photos.first)
        worked(await photos.open(photo.photo.blob))
        XCTAssertEqual(photos.opened, Data([9, 9]))
    }

    @MainActor
    func test_a_document_is_read_from_its_file_when_it_is_added_and_can_be_opened() async throws {
        let (_, tina, job) = try await withJob()
        let report = try temporaryFolder("report").appendingPathComponent("report.pdf")
        try Data("%PDF".utf8).write(to: report)
        let files = FilesModel(tina.core, job)
        worked(await files.add(report, contentType: "application/pdf"))
        let file = try XCTUnwrap(files.files.first)
        worked(await files.open(file))
        XCTAssertEqual(files.opened?.content, Data("%PDF".utf8))
        files.close()
        failed(await files.add(report.appendingPathExtension("gone"), contentType: "application/pdf"))
        XCTAssertEqual(files.problem?.remedy, .correct)
    }

    @MainActor
    func test_a_report_is_made_on_the_phone_and_is_a_pdf_among_the_documents() async throws {
        let (_, tina, job) = try await withJob()
        let files = FilesModel(tina.core, job)
        worked(await files.makeReport())
        let report = try XCTUnwrap(files.files.first)
        XCTAssertEqual(report.contentType, "application/pdf")
        worked(await files.open(report))
        XCTAssertEqual(files.opened?.content?.prefix(5), Data("%PDF-".utf8))
    }

    @MainActor
    func test_a_signature_bears_the_name_of_who_drew_it_and_waits_to_be_sent() async throws {
        let (_, tina, job) = try await withJob()
        let signature = SignatureModel(tina.core, job, NamedPictures())
        signature.draw(line)
        signature.clear()
        signature.draw(line)
        worked(await signature.sign("Mr Weber"))
        XCTAssertEqual(signature.signed.map(\.name), ["Mr Weber"])
        XCTAssertTrue(signature.strokes.isEmpty)
        XCTAssertEqual(try tina.store.syncStatus().unsentFiles, 1)
        try await tina.syncs()
        XCTAssertEqual(try tina.store.syncStatus().unsentFiles, 0)
    }

    @MainActor
    func test_why_nobody_signs_is_kept_in_the_place_of_a_signature() async throws {
        let (_, tina, job) = try await withJob()
        let signature = SignatureModel(tina.core, job, NamedPictures())
        worked(await signature.refuse("had left before the end"))
        XCTAssertEqual(signature.signed.map(\.refused), ["had left before the end"])
        XCTAssertEqual(signature.signed.map(\.name), [nil])
        failed(await signature.refuse(" "))
    }

    @MainActor
    func test_an_expense_is_told_with_what_is_missing_and_noted_with_its_receipt() async throws {
        let (_, tina, job) = try await withJob()
        let expenses = ExpensesModel(tina.core, job)
        failed(await expenses.spend(SpentOn("parking", cost: "4.5")))
        worked(await expenses.spend(SpentOn("parking", cost: "4.5", currency: "EUR"), receipt: Data([7])))
        worked(await expenses.spend(SpentOn("mileage", kilometres: "38")))
        XCTAssertEqual(Set(expenses.spent.map(\.cost)), ["4.5", ""])
    }

    @MainActor
    func test_another_visit_is_opened_from_a_job() async throws {
        let (_, tina, job) = try await withJob()
        let followUp = FollowUpModel(tina.core, job)
        worked(await followUp.open("wm_task", "Change the pump for good"))
        XCTAssertEqual(followUp.opened?.hasPrefix("WOT"), true)
    }

    @MainActor
    func test_time_is_summed_by_its_purpose_and_a_meter_keeps_its_unit() async throws {
        let (_, tina, job) = try await withJob()
        let time = TimeModel(tina.core, job)
        let begun = Date(timeIntervalSince1970: 1_795_851_000)
        worked(await time.log("work", from: begun, until: begun.addingTimeInterval(1_800)))
        worked(await time.logLast(15, "work"))
        worked(await time.log("travel", from: begun.addingTimeInterval(-600), until: begun))
        XCTAssertEqual(time.totals.mapValues { $0.rounded() }, ["work": 2_700, "travel": 600])
        worked(await time.read("pressure", "48.5", unit: "kPa"))
        XCTAssertEqual(time.readings.map(\.value), ["48.5"])
        XCTAssertEqual(time.readings.map(\.unit), ["kPa"])
    }

    @MainActor
    func test_what_cannot_be_is_refused_with_its_remedy() async throws {
        let (_, tina, job) = try await withJob()
        let time = TimeModel(tina.core, job)
        let begun = Date(timeIntervalSince1970: 1_795_851_000)
        failed(await time.log("work", from: begun, until: begun.addingTimeInterval(-60)))
        XCTAssertEqual(time.problem?.remedy, .correct)
        failed(await time.read("pressure", "high", unit: "kPa"))
        XCTAssertTrue(time.entries.isEmpty)
    }
}
