// Settings: the server, signing in, the language, and wiping the store.

import FieldlineFFI
import Foundation
import Observation

/// What the app remembers outside the encrypted store: nothing secret.
public protocol Preferences: Sendable {
    func read(_ name: String) -> String?
    func write(_ name: String, _ value: String?)
}

@MainActor
@Observable
public final class SettingsModel: Screen {
    public private(set) var server = ""
    public private(set) var enrolled: Enrolled?
    public private(set) var salvage: Salvage?
    public private(set) var language = ""
    public private(set) var isWiped = false
    public let version = coreVersion()

    private let core: OpenStore
    private let preferences: any Preferences
    private let deviceName: String

    public init(_ core: OpenStore, _ preferences: any Preferences, deviceName: String) {
        (self.core, self.preferences, self.deviceName) = (core, preferences, deviceName)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    public func signIn(server: String, userName: String, password: String) async -> Bool {
        let (server, userName, deviceName) = (trimmed(server), trimmed(userName), deviceName)
        return await begins(server) {
            try await $0.signIn(server: server, userName: userName, password: password, deviceName: deviceName)
        }
    }

    public func enrol(server: String, invitation: String) async -> Bool {
        let (server, invitation, deviceName) = (trimmed(server), trimmed(invitation), deviceName)
        return await begins(server) {
            try await $0.enrol(server: server, invitation: invitation, deviceName: deviceName)
        }
    }

    public func speak(_ language: String) {
        preferences.write("language", language)
        self.language = language
    }

    /// Says what the line is worth: little is sent at once on a metered one, on others as much as the core finds good.
    public func isOnLine(metered: Bool) async {
        let bytes: UInt32 = metered ? 16_384 : 262_144
        _ = await work { try await core.ask { try $0.setBudgetBytes(bytes: bytes) } }
    }

    /// Removes everything, what was not sent too. The store is opened anew afterwards.
    public func wipe() async -> Bool {
        await work {
            try await core.ask { try $0.wipe() }
            (enrolled, isWiped) = (nil, true)
        }
    }

    private func begins(_ server: String, _ begin: @escaping @Sendable (Fieldline) async throws -> Void) async -> Bool {
        await work {
            try await core.exchange(begin)
            preferences.write("server", server)
            try await read()
        }
    }

    private func read() async throws {
        (enrolled, salvage) = try await core.ask { (try $0.enrolled(), try $0.salvage()) }
        server = enrolled?.server ?? preferences.read("server") ?? ""
        language = preferences.read("language") ?? ""
    }

    private func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
