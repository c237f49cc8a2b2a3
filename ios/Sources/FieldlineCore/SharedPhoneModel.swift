// A phone several people share: each has an encrypted store of their own, which a PIN or a badge opens.
//
// A PIN keeps colleagues apart; what keeps thieves out is the key in the platform's key store, so a short PIN with a pause after
// five wrong ones is enough.

import FieldlineFFI
import Foundation
import Observation

/// Somebody who uses this phone.
public struct PhoneUser: Equatable, Sendable, Identifiable, Codable {
    public let name: String
    public let directory: String
    let salt: Data
    let hash: Data

    public var id: String { directory }
}

/// What the platform has for a shared phone: folders, keys, and a slow hash that makes guessing PINs from a copy costly.
public protocol SharedStores: Sendable {
    func open(_ directory: String) throws -> Fieldline
    func hashed(_ secret: String, salt: Data) throws -> Data
}

@MainActor
@Observable
public final class SharedPhoneModel: Screen {
    private static let tries = 5
    private static let pause: TimeInterval = 60

    public private(set) var users: [PhoneUser] = []
    public private(set) var current: PhoneUser?
    public private(set) var store: Fieldline?
    public private(set) var waitUntil: Date?

    private let preferences: any Preferences
    private let stores: any SharedStores
    private let now: @Sendable () -> Date

    public init(
        _ preferences: any Preferences, _ stores: any SharedStores, now: @escaping @Sendable () -> Date = Date.init
    ) {
        (self.preferences, self.stores, self.now) = (preferences, stores, now)
    }

    @discardableResult
    public override func show() async -> Bool {
        let kept = preferences.read("shared.users").map { Data($0.utf8) }
        users = kept.flatMap { try? JSONDecoder().decode([PhoneUser].self, from: $0) } ?? []
        // Kept outside memory, so that starting the app again does not shorten it.
        waitUntil = preferences.read("shared.wait_until").flatMap(Double.init).map(Date.init(timeIntervalSince1970:))
        return true
    }

    /// Adds a person with the PIN or the badge they will come in with.
    public func add(_ name: String, secret: String) async -> Bool {
        await work {
            let salt = random(16)
            let directory = "user-" + random(8).map { String(format: "%02x", $0) }.joined()
            let hash = try await hashed(secret, salt)
            let added = users + [PhoneUser(name: name, directory: directory, salt: salt, hash: hash)]
            preferences.write("shared.users", String(decoding: try JSONEncoder().encode(added), as: UTF8.self))
            users = added
        }
    }

    /// Opens the store of whoever the PIN or the badge belongs to; `false` when it is not theirs.
    public func enter(_ user: PhoneUser, secret: String) async -> Bool {
        if let waitUntil, waitUntil > now() { return false }
        var isTheirs = false
        let entered = await work {
            isTheirs = isSame(try await hashed(secret, user.salt), user.hash)
            guard isTheirs else { return wrong() }
            preferences.write("shared.wrong", nil)
            preferences.write("shared.wait_until", nil)
            goOut()
            let stores = stores
            store = try await Task.detached { try stores.open(user.directory) }.value
            (current, waitUntil) = (user, nil)
        }
        return entered && isTheirs
    }

    /// Closes the open store; nothing of it stays in memory.
    public func goOut() {
        try? store?.stop()
        (store, current) = (nil, nil)
    }

    private func hashed(_ secret: String, _ salt: Data) async throws -> Data {
        let stores = stores
        return try await Task.detached { try stores.hashed(secret, salt: salt) }.value
    }

    private func wrong() {
        let count = (preferences.read("shared.wrong").flatMap(Int.init) ?? 0) + 1
        preferences.write("shared.wrong", String(count))
        if !count.isMultiple(of: Self.tries) { return }
        let until = now().addingTimeInterval(Self.pause)
        preferences.write("shared.wait_until", String(until.timeIntervalSince1970))
        waitUntil = until
    }
}

private func random(_ count: Int) -> Data {
    Data((0..<count).map { _ in UInt8.random(in: .min ... .max) })
}

/// In a time that does not tell how much of it is the same.
private func isSame(_ one: Data, _ other: Data) -> Bool {
    one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
}
