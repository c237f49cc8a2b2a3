// Parts and assets on a phone that can ask nobody: what it may take, what it used without that, counting, codes, swaps.

import FieldlineCore
import FieldlineFFI
import XCTest

/// Gives a technician a van with something in it.
private func stocks(_ office: Office, _ tina: Technician, _ what: String, _ more: [String: String]) async throws
    -> RecordId
{
    let van = ["name": "Van of \(tina.name)", "type": "field_agent", "manager": tina.user.hex]
    let stockroom = try await office.creates("alm_stockroom", van).sysId.hex
    let asset = ["display_name": what, "assigned_to": tina.user.hex, "stockroom": stockroom]
    return try await office.creates("alm_asset", asset.merging(more) { $1 })
}

final class StockTests: XCTestCase {
    private struct Van {
        let office: Office
        let tina: Technician
        let parts: PartsModel
        let seal: SysId
        let lot: RecordId
    }

    /// The parts of a job, with ten seals in the van. They bear the technician's name as their code.
    @MainActor
    private func van() async throws -> Van {
        let (office, tina) = try await atWork()
        let seal = try await office.creates("cmdb_model", ["display_name": "Seal 40 mm", "barcode": tina.name]).sysId
        let tag = "LOT-\(tina.name)"
        let lot = try await stocks(office, tina, "Seals", ["model": seal.hex, "quantity": "10", "asset_tag": tag])
        let job = try await office.sends(tina, "Change the seal")
        try await tina.syncs()
        let parts = PartsModel(tina.core, job: job)
        await parts.show()
        return Van(office: office, tina: tina, parts: parts, seal: seal, lot: lot)
    }

    @MainActor
    func test_what_is_taken_is_less_in_the_van_and_in_what_may_be_taken_and_putting_back_undoes_it() async throws {
        let van = try await van()
        let seals = try XCTUnwrap(van.parts.van.first)
        XCTAssertEqual(seals.left, 10)
        XCTAssertEqual(seals.rights.map(\.left), [10])
        worked(await van.parts.use(seals, 3))
        XCTAssertEqual(van.parts.van.map(\.left), [7])
        XCTAssertEqual(van.parts.van.first?.rights.map(\.left), [7])
        XCTAssertEqual(van.parts.van.first?.rights.map(\.granted), [10])
        XCTAssertEqual(van.parts.used.map(\.name), ["Seal 40 mm"])
        XCTAssertEqual(van.parts.used.map(\.quantity), [3])
        worked(await van.parts.putBack(seals, 3))
        XCTAssertEqual(van.parts.van.map(\.left), [10])
        XCTAssertTrue(van.parts.used.isEmpty)
        failed(await PartsModel(van.tina.core).use(seals, 1))
    }

    @MainActor
    func test_a_use_that_nothing_covers_is_written_and_said_at_once_until_something_else_is_used() async throws {
        let parts = try await van().parts
        worked(await parts.use(try XCTUnwrap(parts.van.first), 11))
        XCTAssertEqual(parts.uncovered?.name, "Seals")
        await parts.show()
        XCTAssertEqual(parts.uncovered?.name, "Seals")
        worked(await parts.use(try XCTUnwrap(parts.van.first), 1))
        XCTAssertNil(parts.uncovered)
        XCTAssertEqual(parts.used.map(\.quantity), [12])
    }

    @MainActor
    func test_what_was_counted_is_noted_and_the_office_books_the_difference() async throws {
        let van = try await van()
        let counting = PartsModel(van.tina.core)
        await counting.show()
        worked(await counting.count(try XCTUnwrap(counting.van.first), 7, "one box was wet"))
        XCTAssertEqual(counting.counted?.quantity, 7)
        try await van.tina.syncs()
        let booked = try await van.office.reads(van.lot, "quantity")
        XCTAssertEqual(booked, "7")
        await counting.show()
        XCTAssertEqual(counting.van.map(\.left), [7])
        XCTAssertEqual(counting.van.first?.rights.map(\.left), [7])
    }

    @MainActor
    func test_a_scanned_part_is_used_from_the_van_and_an_unknown_code_says_so() async throws {
        let van = try await van()
        worked(await van.parts.use(code: van.tina.name))
        worked(await van.parts.use(code: "lot-\(van.tina.name)"))
        XCTAssertEqual(van.parts.van.map(\.left), [8])
        XCTAssertNil(van.parts.offered)
        worked(await van.parts.use(code: "NOBODY-BEARS-THIS"))
        XCTAssertEqual(van.parts.offered, [])
    }

    @MainActor
    func test_a_code_on_several_parts_offers_them_and_uses_none_before_one_is_chosen() async throws {
        let van = try await van()
        let other = try await van.office.creates("cmdb_model", ["display_name": "Cap", "barcode": van.tina.name]).sysId
        try await van.tina.syncs()
        worked(await van.parts.use(code: van.tina.name))
        XCTAssertEqual(van.parts.offered?.count, 2)
        XCTAssertTrue(van.parts.used.isEmpty)
        worked(await van.parts.use(try XCTUnwrap(van.parts.offered?.first { $0.model == other }), 1))
        XCTAssertEqual(van.parts.used.map(\.model), [other])
        XCTAssertEqual(van.parts.uncovered?.model, other)
    }

    /// Brings parts out of a depot into the van, for one job alone.
    @MainActor
    private func delivers(_ van: Van, _ quantity: String, for job: RecordId) async throws {
        let (office, model, task) = (van.office, van.seal.hex, job.sysId.hex)
        let depot = try await office.creates("alm_stockroom", ["name": "Depot", "type": "warehouse"]).sysId.hex
        let lot = ["display_name": "Seals", "model": model, "quantity": "9", "stockroom": depot]
        _ = try await office.creates("alm_asset", lot)
        let needs = ["work_order_task": task, "model": model, "required_quantity": quantity]
        let needed = try await office.creates("sm_part_requirement", needs)
        let stockroom = try await office.reads(van.lot, "stockroom") ?? ""
        let way = ["work_order_task": task, "from_stockroom": depot, "to_stockroom": stockroom]
        let order = try await office.creates("alm_transfer_order", way)
        let line = [
            "transfer_order": order.sysId.hex, "model": model, "quantity_requested": quantity,
            "part_requirement": needed.sysId.hex,
        ]
        _ = try await office.creates("alm_transfer_order_line", line)
        for stage in ["requested", "in_transit", "delivered"] { try await office.changes(order, ["stage": stage]) }
    }

    @MainActor
    func test_what_is_kept_for_one_job_is_told_with_its_number_and_is_not_offered_on_another() async throws {
        let van = try await van()
        let job = try await van.office.sends(van.tina, "Change two seals")
        try await delivers(van, "2", for: job)
        try await van.tina.syncs()
        let number = try await van.office.reads(job, "number")
        let parts = PartsModel(van.tina.core, job: job)
        await parts.show()
        let rights = try XCTUnwrap(parts.van.first).rights
        XCTAssertEqual(Set(rights.map(\.reservedFor)), [number, nil])
        XCTAssertEqual(rights.first { $0.reservedFor == number }?.granted, 2)
        await van.parts.show()
        XCTAssertEqual(van.parts.van.first?.rights.map(\.reservedFor), [nil])
    }

    @MainActor
    func test_a_right_to_parts_that_are_not_in_the_van_is_told_with_its_place_and_can_be_used() async throws {
        let van = try await van()
        let depot = try await van.office.creates("alm_stockroom", ["name": "Depot", "type": "warehouse"]).sysId.hex
        try await van.office.changes(van.lot, ["stockroom": depot])
        try await van.tina.syncs()
        await van.parts.show()
        XCTAssertTrue(van.parts.van.isEmpty)
        let held = try XCTUnwrap(van.parts.elsewhere.first)
        XCTAssertEqual(held.place, "Van of \(van.tina.name)")
        worked(await van.parts.use(held, 4))
        XCTAssertNil(van.parts.uncovered)
        XCTAssertEqual(van.parts.elsewhere.map(\.left), [6])
    }

    private struct Pair {
        let office: Office
        let tina: Technician
        let swap: SwapModel
        let old: RecordId
        let new: RecordId
    }

    /// A job about one pump, and another pump in the van.
    @MainActor
    private func pair() async throws -> Pair {
        let (office, tina) = try await atWork()
        let model = try await office.creates("cmdb_model", ["display_name": "Circulator"]).sysId.hex
        let old = try await office.creates(
            "alm_asset",
            [
                "display_name": "Circulator", "serial_number": "OLD-\(tina.name)", "model": model,
                "assigned_to": tina.user.hex,
            ])
        let spare = ["serial_number": "NEW-\(tina.name)", "model": model, "install_status": "6"]
        let new = try await stocks(office, tina, "Circulator", spare)
        let job = try await office.sends(tina, "Change the pump", ["asset": old.sysId.hex])
        try await tina.syncs()
        let swap = SwapModel(tina.core, job)
        await swap.show()
        return Pair(office: office, tina: tina, swap: swap, old: old, new: new)
    }

    @MainActor
    func test_the_wrong_plate_is_told_with_the_one_expected_and_nothing_is_written() async throws {
        let pair = try await pair()
        let (swap, plate) = (pair.swap, "OLD-\(pair.tina.name)")
        XCTAssertTrue(swap.expected.contains(plate), swap.expected)
        let new = "NEW-\(pair.tina.name)"
        failed(await swap.swap("OTHER-1", for: new, into: swap.van?.sysId, isDefective: false))
        XCTAssertEqual(swap.problem?.told.contains(plate), true)
        XCTAssertEqual(try pair.tina.store.syncStatus().unsentEdits, 0)
    }

    @MainActor
    func test_what_is_removed_goes_into_the_van_and_what_is_installed_is_in_it_no_more() async throws {
        let pair = try await pair()
        let (swap, old, new) = (pair.swap, "old-\(pair.tina.name)", "NEW-\(pair.tina.name)")
        XCTAssertEqual(swap.stockrooms.first, try XCTUnwrap(swap.van))
        worked(await swap.swap(old, for: new, into: swap.van?.sysId, isDefective: true))
        XCTAssertEqual(swap.swapped?.removed, old)
        XCTAssertFalse(swap.isUncovered)
        try await pair.tina.syncs()
        let substatus = try await pair.office.reads(pair.old, "substatus")
        XCTAssertEqual(substatus, "defective")
        let status = try await pair.office.reads(pair.new, "install_status")
        XCTAssertEqual(status, "1")
        let parts = PartsModel(pair.tina.core)
        await parts.show()
        XCTAssertEqual(parts.van.map(\.asset), [pair.old.sysId])
    }
}
