// What a platform brings, as a driver sets it: secrets in a file, a clock and a place that stand where they are put.

import FieldlineCore
import FieldlineFFI
import Foundation

/// Set by `platform`; clock and place may be moved while a store is open, from whatever thread asks.
final class World: @unchecked Sendable {
    private let lock = NSLock()
    private var secrets = ""
    private var clock: Moment?
    private var place: Place?
    private var http = "core"
    private var heard: [SyncEvent] = []

    func set(_ given: Given) throws {
        let clock = given["clock_ms"] == nil ? nil : try given.moment("clock_ms")
        let place = try given.maybe("here")?.place()
        lock.withLock {
            secrets = given.maybeText("secrets") ?? secrets
            http = given.maybeText("http") ?? http
            (self.clock, self.place) = (clock, place)
        }
    }

    /// For the next `open`.
    func platform() -> Platform {
        let observer = Saboteur.atWork
        return lock.withLock {
            Platform(
                secrets: SecretsOnDisk(path: secrets), http: http == "platform" ? URLSessionTransport() : nil,
                clock: clock == nil ? nil : self, locator: self, observer: observer)
        }
    }

    func events() -> [SyncEvent] {
        lock.withLock {
            defer { heard = [] }
            return heard
        }
    }
}

extension World: PlatformClock {
    func now() -> Moment { lock.withLock { clock } ?? Date() }
}

extension World: Locator {
    func here() -> Place? { lock.withLock { place } }
}

extension World: SyncListener {
    func onEvent(event: SyncEvent) { lock.withLock { heard.append(event) } }
}

/// Secrets in a JSON file that a kill at any moment leaves whole.
final class SecretsOnDisk: SecretStore {
    private let file: URL

    init(path: String) {
        file = URL(fileURLWithPath: path)
    }

    func load(name: String) throws -> Data? {
        try ofThePlatform { try kept()[name].flatMap(unhexed) }
    }

    func save(name: String, secret: Data) throws {
        try ofThePlatform { try keep(kept().merging([name: hex(secret)]) { _, new in new }) }
    }

    func remove(name: String) throws {
        try ofThePlatform { try keep(kept().filter { $0.key != name }) }
    }

    private func kept() throws -> [String: String] {
        guard FileManager.default.fileExists(atPath: file.path) else { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
    }

    private func keep(_ secrets: [String: String]) throws {
        try JSONEncoder().encode(secrets).write(to: file, options: .atomic)
    }
}
