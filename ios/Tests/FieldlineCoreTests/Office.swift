// The office in tests: a real server on an empty directory, and a dispatcher who works over REST.

import FieldlineFFI
import Foundation
import XCTest

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

let password = "a long enough password"

/// What stands in a test's way that is none of its own.
struct Broken: Error {
    let what: String
}

/// One server for all tests; each hires technicians of its own.
actor Office {
    static let open = Result { try Office() }

    private static let dispatcher = "dora"
    private static let administrator = "admin"

    nonisolated let url: String
    private let binary: URL
    private let home: URL
    private let server: Process
    private var hired = 0

    private init() throws {
        guard let path = ProcessInfo.processInfo.environment["FIELDLINE_SYNC_SERVER_BIN"] else {
            throw Broken(what: "FIELDLINE_SYNC_SERVER_BIN names the server's binary; `cargo xtask test` sets it")
        }
        binary = URL(fileURLWithPath: path)
        home = try temporaryFolder("office")
        (server, url) = try serving(binary, home)
        try Self.run(
            binary, ["user", "add", Self.dispatcher] + roles("wm_dispatcher", "wm_qualifier", "wm_manager"), home)
        let (server, home) = (server, home)
        Closing.atExit {
            // A process begun on a thread of Swift's own may have inherited that it hears no gentler signal.
            kill(server.processIdentifier, SIGKILL)
            try? FileManager.default.removeItem(at: home)
        }
    }

    /// Hires a technician with a phone that is not signed in yet.
    func technician() throws -> Technician {
        hired += 1
        let name = "tech\(hired)"
        let printed = try Self.run(binary, ["user", "add", name] + roles("wm_agent"), home)
        guard let user = printed["user"] as? String else { throw Broken(what: "\(printed) names no user") }
        return try Technician(name: name, user: SysId(hex: user))
    }

    /// The dispatcher creates a record.
    func creates(_ table: String, _ fields: [String: String]) async throws -> RecordId {
        let created = try await asks("POST", "/api/now/table/\(table)", fields)
        return RecordId(table: table, sysId: SysId(hex: created["sys_id"] ?? ""))
    }

    /// The dispatcher sends a technician to a job.
    func sends(_ technician: Technician, _ what: String, _ more: [String: String] = [:]) async throws -> RecordId {
        let job = ["short_description": what, "assigned_to": technician.user.hex, "state": "16"]
        return try await creates("wm_task", job.merging(more) { $1 })
    }

    func changes(_ record: RecordId, _ fields: [String: String]) async throws {
        _ = try await asks("PATCH", "/api/now/table/\(record.table)/\(record.sysId.hex)", fields)
    }

    func reads(_ record: RecordId, _ field: String) async throws -> String? {
        let path = "/api/now/table/\(record.table)/\(record.sysId.hex)?sysparm_exclude_reference_link=true"
        return try await asks("GET", path, nil)[field]
    }

    /// The administrator gives a person other roles.
    func gives(_ user: SysId, roles: String...) async throws {
        let path = "/api/now/table/sys_user/\(user.hex)"
        _ = try await asks("PATCH", path, ["roles": roles.joined(separator: ",")], as: Self.administrator)
    }

    private func asks(
        _ method: String, _ path: String, _ body: [String: String]?, as who: String = Office.dispatcher
    ) async throws -> [String: String] {
        guard let address = URL(string: url + path) else { throw Broken(what: "\(path) is no path") }
        var request = URLRequest(url: address)
        request.httpMethod = method
        request.httpBody = try body.map { try JSONEncoder().encode($0) }
        let credentials = Data("\(who):\(password)".utf8).base64EncodedString()
        request.setValue("Basic \(credentials)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (data, answer) = try await URLSession.shared.data(for: request)
        guard let status = (answer as? HTTPURLResponse)?.statusCode, (200..<300).contains(status) else {
            throw Broken(what: "\(method) \(path): \(String(decoding: data, as: UTF8.self))")
        }
        let shown = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return (shown?["result"] as? [String: Any] ?? [:]).compactMapValues { $0 as? String }
    }

    @discardableResult
    private static func run(_ binary: URL, _ words: [String], _ home: URL) throws -> [String: Any] {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = binary
        process.arguments = words + ["--json", "--password-stdin", "--data", home.path]
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        input.fileHandleForWriting.write(Data(password.utf8))
        try input.fileHandleForWriting.close()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Broken(what: "\(words) failed") }
        return try JSONSerialization.jsonObject(with: printed) as? [String: Any] ?? [:]
    }
}

private func roles(_ names: String...) -> [String] {
    names.flatMap { ["--role", $0] }
}

private func serving(_ binary: URL, _ home: URL) throws -> (Process, String) {
    let (process, output) = (Process(), Pipe())
    process.executableURL = binary
    process.arguments = ["serve", "--listen", "127.0.0.1:0", "--data", home.path]
    let own = ["FIELDLINE_ADMIN_PASSWORD": password, "FIELDLINE_LOG": "error"]
    process.environment = ProcessInfo.processInfo.environment.merging(own) { $1 }
    process.standardOutput = output
    try process.run()
    var said = ""
    let begins = "listening on "
    while let piece = try output.fileHandleForReading.read(upToCount: 1), !piece.isEmpty {
        said += String(decoding: piece, as: UTF8.self)
        guard said.hasSuffix("\n") else { continue }
        let lines = said.split(separator: "\n")
        if let line = lines.first(where: { $0.hasPrefix(begins) }) {
            return (process, String(line.dropFirst(begins.count)))
        }
    }
    throw Broken(what: "the server does not begin: \(said)")
}

func temporaryFolder(_ name: String) throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

/// What is put in order when the tests are over.
private enum Closing {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var tasks: [() -> Void] = []

    static func atExit(_ task: @escaping () -> Void) {
        lock.withLock { tasks.append(task) }
        atexit { Closing.lock.withLock { for task in Closing.tasks { task() } } }
    }
}
