// Finding things on the phone: by words, by codes, in tables, by the asset.

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
    func test_a_code_finds_what_bears_it_before_any_words_do_and_all_of_them_when_there_are_several() async throws {
        let (office, tina) = try await atWork()
        let fields = ["display_name": "Pump 12", "serial_number": "CODE-1", "assigned_to": tina.user.hex]
        let pump = try await office.creates("alm_asset", fields)
        let site = try await office.creates("cmn_location", ["name": "Works", "barcode": "CODE-2"])
        let depot = try await office.creates("alm_stockroom", ["name": "Depot", "barcode": "CODE-2"])
        _ = try await office.sends(tina, "See CODE-1 at once", ["location": site.sysId.hex])
        try await tina.syncs()
        let search = SearchModel(tina.core)
        worked(await search.search(" code-1 "))
        XCTAssertEqual(search.meant, pump)
        XCTAssertEqual(search.found.map(\.record), [pump])
        worked(await search.search("CODE-2"))
        XCTAssertNil(search.meant)
        XCTAssertEqual(Set(search.found.map(\.record)), [site, depot])
        worked(await search.search("CODE-3"))
        XCTAssertTrue(search.found.isEmpty)
    }

    @MainActor
    func test_a_thing_shows_what_it_is_the_work_on_it_and_what_belongs_to_it() async throws {
        let (office, tina) = try await atWork()
        let site = try await office.creates("cmn_location", ["name": "Works"])
        let fields = [
            "display_name": "Pump 12", "serial_number": "P-0012", "assigned_to": tina.user.hex,
            "location": site.sysId.hex,
        ]
        let asset = try await office.creates("alm_asset", fields)
        let at = ["asset": asset.sysId.hex, "location": site.sysId.hex]
        let job = try await office.sends(tina, "Change the seal", at)
        try await tina.syncs()
        let shown = ThingModel(tina.core, asset)
        worked(await shown.show())
        XCTAssertEqual(shown.name, "Pump 12")
        XCTAssertEqual(shown.fields.first { $0.name == "serial_number" }?.shown, "P-0012")
        XCTAssertEqual(shown.jobs.map(\.what), ["Change the seal"])
        let place = ThingModel(tina.core, site)
        worked(await place.show())
        XCTAssertEqual(place.jobs.map(\.record), [job])
        XCTAssertEqual(place.assets.map(\.record), [asset])
        let model = JobModel(tina.core, job)
        await model.show()
        XCTAssertEqual(model.asset, asset)
    }
}
