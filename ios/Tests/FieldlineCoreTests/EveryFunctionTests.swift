// Everything the core exports is called once through the bindings, so that none of it is broken in this language unnoticed.

import FieldlineCore
import FieldlineFFI
import XCTest

final class EveryFunctionTests: XCTestCase {
    private var called: Set<String> = []

    private func calls<T>(_ name: String, _ call: () throws -> T) rethrows -> T {
        called.insert(name)
        return try call()
    }

    @MainActor
    func test_every_exported_function_is_called_and_none_was_forgotten() async throws {
        let (office, tina) = try await atWork()
        let site = try await office.creates("cmn_location", ["name": "Works", "latitude": "48.2", "longitude": "11.6"])
        let job = try await office.sends(tina, "Change the pump", ["location": site.sysId.hex])
        try await exchanges(tina, office)
        try lists(tina.store, job, site.sysId)
        try oneRecord(tina.store, job)
        try standing(tina.store)
        try plans(tina.store)
        calls("coreVersion") { XCTAssertFalse(coreVersion().isEmpty) }
        try ends(tina.store)
        XCTAssertEqual(try exported(), called)
    }

    /// The functions of the generated protocols of the core's own objects, and those that stand alone.
    private func exported() throws -> Set<String> {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let source = package.appendingPathComponent("Sources/FieldlineFFI/FieldlineFFI.swift")
        var (functions, isOurs) = (Set<String>(), false)
        for line in try String(contentsOf: source, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("public protocol ") {
                isOurs = line.contains("FieldlineProtocol") || line.contains("PlannedDayProtocol")
            }
            if line == "}" { isOurs = false }
            if isOurs, let name = function(line, after: "    func ") { functions.insert(name) }
            let alone = function(line, after: "public static func `") ?? function(line, after: "public func ")
            if let alone, !alone.hasPrefix("FfiConverter"), !alone.hasPrefix("uniffi") { functions.insert(alone) }
        }
        return functions
    }

    private func function(_ line: Substring, after beginning: String) -> String? {
        guard line.hasPrefix(beginning) else { return nil }
        return String(line.dropFirst(beginning.count).prefix { $0.isLetter || $0 == "_" })
    }

    @MainActor
    private func exchanges(_ tina: Technician, _ office: Office) async throws {
        let (store, ears) = (tina.store, Heard())
        calls("signIn") {}
        try await store.signIn(server: office.url, userName: tina.name, password: password, deviceName: "phone")
        calls("sync") {}
        let outcome = try await store.sync(listener: ears, mostSeconds: 60)
        XCTAssertTrue(outcome.isFinished)
        XCTAssertTrue(ears.didSync)
        calls("visitKiosk") {}
        let visit = try await store.visitKiosk(address: "http://127.0.0.1:9")
        XCTAssertEqual(visit, .noKiosk)
        calls("enrol") {}
        do {
            try await store.enrol(server: office.url, invitation: "none", deviceName: "phone")
            XCTFail("an invitation that is none enrolled somebody")
        } catch is FieldlineError {}
        try await keepsInStep(store, ears)
    }

    @MainActor
    private func keepsInStep(_ store: Fieldline, _ ears: Heard) async throws {
        calls("keepInStep") {}
        let keeping = Task { try await store.keepInStep(listener: ears) }
        try await Task.sleep(nanoseconds: 500_000_000)
        try calls("stop") { try store.stop() }
        guard case .failure(let ended) = await keeping.result else { return XCTFail("it ended by itself") }
        XCTAssertEqual(ended as? FieldlineError, .Stopped)
    }

    private func lists(_ store: Fieldline, _ job: RecordId, _ site: SysId) throws {
        let (from, until) = (Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 4_000_000_000))
        let columns = ["short_description", "location"]
        let lists = [
            try calls("today") { try store.today(from: from, until: until, columns: columns) },
            try calls("byState") { try store.byState(table: "wm_task", state: 16, columns: columns) },
            try calls("byTable") { try store.byTable(table: "wm_task", columns: columns) },
            try calls("bySite") { try store.bySite(location: site, columns: columns) },
            try calls("referring") { try store.referring(target: site, table: "wm_task", columns: columns) },
            try calls("search") { try store.search(text: "pump", columns: columns) },
        ]
        for list in lists { XCTAssertEqual(list.map(\.record), [job]) }
        XCTAssertTrue(try calls("byAsset") { try store.byAsset(asset: site, columns: columns) }.isEmpty)
        XCTAssertTrue(try calls("vanStock") { try store.vanStock() }.isEmpty)
        XCTAssertTrue(try calls("leases") { try store.leases() }.isEmpty)
        XCTAssertTrue(try calls("resolveCode") { try store.resolveCode(code: "4006381333931") }.isEmpty)
    }

    private func oneRecord(_ store: Fieldline, _ job: RecordId) throws {
        XCTAssertEqual(try calls("record") { try store.record(record: job) }?.details?.stage, "assigned")
        XCTAssertEqual(try calls("form") { try store.form(record: job) }?.isEmpty, false)
        XCTAssertTrue(try calls("checklists") { try store.checklists(record: job) }.isEmpty)
        XCTAssertTrue(try calls("signatures") { try store.signatures(record: job) }.isEmpty)
        XCTAssertTrue(try calls("safety") { try store.safety() }.isEmpty)
        XCTAssertTrue(try calls("slaClocks") { try store.slaClocks(record: job) }.isEmpty)
        let swap = Swap(task: job, removed: "PLATE-1", installed: "PLATE-2", stockroom: nil, isDefective: false)
        try calls("swap") { XCTAssertThrowsError(try store.swap(swap: swap)) }
        let note = Captured(
            content: .bytes(bytes: Data([1, 2, 3])), fileName: "note.bin", contentType: "application/octet-stream")
        let done = try calls("execute") { try store.execute(command: .addFile(record: job, file: note)) }
        XCTAssertEqual(done.record, job)
        let file = try XCTUnwrap(try store.record(record: job)?.details?.attachments.first)
        XCTAssertEqual(try calls("file") { try store.file(blob: file.blob) }, Data([1, 2, 3]))
        try calls("fetch") { try store.fetch(record: job, blob: file.blob) }
    }

    private func standing(_ store: Fieldline) throws {
        XCTAssertNotNil(try calls("enrolled") { try store.enrolled() })
        XCTAssertNil(try calls("salvage") { try store.salvage() })
        XCTAssertTrue(try calls("needsAttention") { try store.needsAttention() }.records.isEmpty)
        let newest = try calls("whatChanged") { try store.whatChanged() }.map(\.id).max()
        try calls("lookedAt") { try store.lookedAt(through: try XCTUnwrap(newest)) }
        XCTAssertTrue(try store.whatChanged().isEmpty)
        XCTAssertFalse(try calls("outbox") { try store.outbox() }.isEmpty)
        XCTAssertGreaterThan(try calls("syncStatus") { try store.syncStatus() }.unsentEdits, 0)
        try calls("setBudgetBytes") { try store.setBudgetBytes(bytes: 65_536) }
        try calls("networkIsBack") { try store.networkIsBack() }
        try calls("tidy") { try store.tidy() }
    }

    private func plans(_ store: Fieldline) throws {
        let now = Date()
        let plan = try calls("planDay") { try store.planDay(from: now, until: now + 36_000, here: here) }
        let shown = try calls("shown") { try plan.shown() }
        XCTAssertEqual(shown.stops.count + shown.leftOut.count, 1)
        try calls("takeDay") { XCTAssertThrowsError(try store.takeDay(plan: plan)) }
    }

    private func ends(_ store: Fieldline) throws {
        try calls("wipe") { try store.wipe() }
        XCTAssertThrowsError(try store.outbox())
        let folder = try temporaryFolder("new")
        let opened = try calls("open") {
            try Fieldline.open(directory: folder.path, platform: Platform(secrets: SecretsInMemory()))
        }
        XCTAssertNil(try opened.enrolled())
    }
}

private final class Heard: SyncListener, @unchecked Sendable {
    private let lock = NSLock()
    private var events: [SyncEvent] = []

    var didSync: Bool {
        lock.withLock { events.contains { if case .synced = $0 { true } else { false } } }
    }

    func onEvent(event: SyncEvent) {
        lock.withLock { events.append(event) }
    }
}
