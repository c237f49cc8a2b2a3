// Finding things on the phone: by words, in tables, by the asset.

import FieldlineCore
import FieldlineFFI
import XCTest

final class FindingTests: XCTestCase {
    @MainActor
    func test_a_word_that_has_only_been_begun_finds_the_job() async throws {
        let (_, tina, record) = try await withJob("Replace the circulation pump")
        let search = SearchModel(tina.core)
        worked(await search.search("circulation pu"))
        XCTAssertEqual(search.found.map(\.record), [record])
        XCTAssertEqual(search.found.map(\.about), ["Replace the circulation pump"])
        worked(await search.search("  "))
        XCTAssertTrue(search.found.isEmpty)
    }

    @MainActor
    func test_every_table_people_leaf_through_can_be_opened() async throws {
        let (_, tina, _) = try await withJob()
        let search = SearchModel(tina.core)
        for table in SearchModel.tables { worked(await search.browse(table)) }
        worked(await search.browse("wm_task"))
        XCTAssertEqual(search.found.map(\.about), ["Change the pump"])
    }

    @MainActor
    func test_an_asset_shows_what_it_is_and_the_work_on_it() async throws {
        let (office, tina) = try await atWork()
        let fields = ["display_name": "Pump 12", "serial_number": "P-0012", "assigned_to": tina.user.hex]
        let asset = try await office.creates("alm_asset", fields)
        let job = try await office.sends(tina, "Change the seal", ["asset": asset.sysId.hex])
        try await tina.syncs()
        let shown = AssetModel(tina.core, asset)
        worked(await shown.show())
        XCTAssertEqual(shown.name, "Pump 12")
        XCTAssertEqual(shown.fields.first { $0.name == "serial_number" }?.shown, "P-0012")
        XCTAssertEqual(shown.jobs.map(\.what), ["Change the seal"])
        let model = JobModel(tina.core, job)
        await model.show()
        XCTAssertEqual(model.asset, asset)
    }
}
