// The documents of a job, such as reports and manuals: reading, sharing and adding them.

import FieldlineFFI
import Foundation
import Observation

/// A file of the platform; it is read only when the core takes it.
public final class FileAt: FileSource {
    private let url: URL

    public init(_ url: URL) {
        self.url = url
    }

    public func read() throws -> Data {
        do { return try Data(contentsOf: url) } catch {
            throw PlatformError.Failed(message: error.localizedDescription)
        }
    }
}

@MainActor
@Observable
public final class FilesModel: Screen {
    public private(set) var files: [Attachment] = []
    /// A document that is looked at; without content until it has come.
    public private(set) var opened: (file: Attachment, content: Data?)?

    private let core: OpenStore
    private let job: RecordId

    public init(_ core: OpenStore, _ job: RecordId) {
        (self.core, self.job) = (core, job)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    public func add(_ url: URL, contentType: String) async -> Bool {
        await work {
            let source = Content.source(source: FileAt(url))
            let file = Captured(content: source, fileName: url.lastPathComponent, contentType: contentType)
            try await core.execute(.addFile(record: job, file: file))
            try await read()
        }
    }

    /// Makes the service report of the job as it stands now, and adds it to the job.
    public func makeReport() async -> Bool {
        await work {
            try await core.execute(.addReport(record: job))
            try await read()
        }
    }

    /// Opens a document; one that is not here is asked for with the next syncs.
    public func open(_ file: Attachment) async -> Bool {
        await work {
            let job = job
            let content = try await core.ask { store in
                let content = try store.file(blob: file.blob)
                if content == nil { try store.fetch(record: job, blob: file.blob) }
                return content
            }
            opened = (file, content)
        }
    }

    public func close() {
        opened = nil
    }

    private func read() async throws {
        let job = job
        files = try await core.ask { store in
            (try store.record(record: job)?.details?.attachments ?? []).filter { $0.role == .document }
        }
    }
}
