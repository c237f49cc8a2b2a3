// Somebody in the field, and their phone.

import FieldlineCore
import FieldlineFFI
import Foundation
import XCTest

/// Where every phone of the tests is.
let here = Place(latitude: 48.137, longitude: 11.575)

final class Technician: Sendable {
    let name: String
    let user: SysId
    let store: Fieldline
    let core: OpenStore
    private let folder: URL

    init(name: String, user: SysId) throws {
        (self.name, self.user, folder) = (name, user, try temporaryFolder(name))
        let platform = Platform(secrets: SecretsInMemory(), http: URLSessionTransport(), locator: StandingHere())
        store = try Fieldline.open(directory: folder.appendingPathComponent("store").path, platform: platform)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try XCTUnwrap(TimeZone(identifier: "Europe/Berlin"))
        core = OpenStore(store, calendar: calendar)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func syncs() async throws {
        _ = try await store.sync(listener: nil, mostSeconds: nil)
    }
}

private final class StandingHere: Locator {
    func here() -> Place? { FieldlineCoreTests.here }
}

/// A phone's key store that lives as long as the test.
final class SecretsInMemory: SecretStore, @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String: Data] = [:]

    func load(name: String) throws -> Data? { lock.withLock { kept[name] } }

    func save(name: String, secret: Data) throws { lock.withLock { kept[name] = secret } }

    func remove(name: String) throws { lock.withLock { kept[name] = nil } }
}

/// Preferences that live as long as the test.
final class PreferencesInMemory: Preferences, @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String: String] = [:]

    func read(_ name: String) -> String? { lock.withLock { kept[name] } }

    func write(_ name: String, _ value: String?) { lock.withLock { kept[name] = value } }
}

extension XCTestCase {
    /// A technician with a phone that is signed in and in step.
    @MainActor
    func atWork() async throws -> (Office, Technician) {
        let (office, tina) = try await hired()
        try await tina.store.signIn(
            server: office.url, userName: tina.name, password: password, deviceName: "phone of \(tina.name)")
        try await tina.syncs()
        return (office, tina)
    }

    /// A technician whose phone nobody has signed in on.
    @MainActor
    func hired() async throws -> (Office, Technician) {
        let office = try Office.open.get()
        return (office, try await office.technician())
    }

    /// A technician with one job on the phone.
    @MainActor
    func withJob(_ what: String = "Change the pump") async throws -> (Office, Technician, RecordId) {
        let (office, tina) = try await atWork()
        let job = try await office.sends(tina, what)
        try await tina.syncs()
        return (office, tina, job)
    }
}

/// That a model did what it was asked; XCTest's own assertions cannot wait.
func worked(_ done: Bool, _ screen: Screen? = nil, file: StaticString = #filePath, line: UInt = #line) {
    XCTAssertTrue(done, "it did not work", file: file, line: line)
}

func failed(_ done: Bool, file: StaticString = #filePath, line: UInt = #line) {
    XCTAssertFalse(done, "it worked", file: file, line: line)
}
