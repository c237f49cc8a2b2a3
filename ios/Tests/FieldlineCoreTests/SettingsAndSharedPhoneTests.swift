// Signing in, wiping, and a phone that several people share.

import FieldlineCore
import FieldlineFFI
import XCTest

/// The time of a test, which goes on when it is told to.
private final class SetClock: @unchecked Sendable {
    private let lock = NSLock()
    private var moment = Date(timeIntervalSince1970: 1_795_851_000)

    func now() -> Date { lock.withLock { moment } }

    func goesOn(_ seconds: TimeInterval) { lock.withLock { moment += seconds } }
}

/// Folders and keys of a test, and a hash that is quick.
private struct StoresIn: SharedStores {
    let folder: URL
    let secrets = SecretsInMemory()

    func open(_ directory: String) throws -> Fieldline {
        try Fieldline.open(
            directory: folder.appendingPathComponent(directory).path, platform: Platform(secrets: secrets))
    }

    func hashed(_ secret: String, salt: Data) -> Data {
        salt + Data(secret.utf8.reversed())
    }
}

final class SettingsAndSharedPhoneTests: XCTestCase {
    @MainActor
    func test_a_wrong_password_is_told_with_its_remedy_and_the_right_one_signs_in() async throws {
        let (office, tina) = try await hired()
        let settings = SettingsModel(tina.core, PreferencesInMemory(), deviceName: "phone")
        failed(await settings.signIn(server: office.url, userName: tina.name, password: "wrong"))
        XCTAssertEqual(settings.problem?.remedy, .signIn)
        worked(await settings.signIn(server: " \(office.url) ", userName: tina.name, password: password))
        XCTAssertEqual(settings.enrolled?.user, tina.user)
        XCTAssertEqual(settings.server, office.url)
        XCTAssertNil(settings.salvage)
        XCTAssertEqual(settings.version, coreVersion())
    }

    @MainActor
    func test_the_language_is_remembered() async throws {
        let (_, tina) = try await atWork()
        let preferences = PreferencesInMemory()
        SettingsModel(tina.core, preferences, deviceName: "phone").speak("de")
        let again = SettingsModel(tina.core, preferences, deviceName: "phone")
        await again.show()
        XCTAssertEqual(again.language, "de")
        await again.isOnLine(metered: true)
        XCTAssertNil(again.problem)
    }

    @MainActor
    func test_an_invitation_that_is_none_enrols_nobody() async throws {
        let (office, tina) = try await hired()
        let settings = SettingsModel(tina.core, PreferencesInMemory(), deviceName: "phone")
        failed(await settings.enrol(server: office.url, invitation: "no invitation"))
        XCTAssertNil(settings.enrolled)
    }

    @MainActor
    func test_after_wiping_nothing_can_be_read() async throws {
        let (_, tina) = try await atWork()
        let settings = SettingsModel(tina.core, PreferencesInMemory(), deviceName: "phone")
        worked(await settings.wipe())
        XCTAssertTrue(settings.isWiped)
        let today = TodayModel(tina.core)
        failed(await today.show())
        XCTAssertEqual(today.problem?.remedy, .openAgain)
    }

    @MainActor
    func test_everybody_opens_their_own_store_with_their_own_pin() async throws {
        let (phone, _) = try shared()
        worked(await phone.add("Tina", secret: "2580"))
        worked(await phone.add("Mia", secret: "badge 04:A2"))
        let (tina, mia) = (phone.users[0], phone.users[1])
        failed(await phone.enter(tina, secret: "badge 04:A2"))
        XCTAssertNil(phone.store)
        worked(await phone.enter(tina, secret: "2580"))
        let hers = try XCTUnwrap(phone.store)
        worked(await phone.enter(mia, secret: "badge 04:A2"))
        XCTAssertEqual(phone.current?.name, "Mia")
        XCTAssertFalse(phone.store === hers)
        phone.goOut()
        XCTAssertNil(phone.store)
    }

    @MainActor
    func test_five_wrong_pins_cost_a_minute_and_a_restart_does_not_shorten_it() async throws {
        let preferences = PreferencesInMemory()
        let (phone, clock) = try shared(preferences)
        worked(await phone.add("Tina", secret: "2580"))
        for _ in 0..<5 { failed(await phone.enter(phone.users[0], secret: "0000")) }
        let (again, _) = try shared(preferences, clock)
        await again.show()
        XCTAssertNotNil(again.waitUntil)
        failed(await again.enter(again.users[0], secret: "2580"))
        clock.goesOn(61)
        worked(await again.enter(again.users[0], secret: "2580"))
        XCTAssertNil(again.waitUntil)
    }

    @MainActor
    private func shared(
        _ preferences: PreferencesInMemory = PreferencesInMemory(), _ clock: SetClock = SetClock()
    ) throws -> (SharedPhoneModel, SetClock) {
        let stores = StoresIn(folder: try temporaryFolder("shared"))
        return (SharedPhoneModel(preferences, stores, now: clock.now), clock)
    }
}
