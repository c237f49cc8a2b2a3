// The photos of a job: those there are, and new ones with what a person drew on them.

import FieldlineFFI
import Foundation
import Observation

/// A stroke; its points are in parts of the width and height, so that it fits every size of the same picture.
public struct Stroke: Equatable, Sendable {
    public struct Point: Equatable, Sendable {
        public let x: Double
        public let y: Double

        public init(x: Double, y: Double) {
            (self.x, self.y) = (x, y)
        }
    }

    public var points: [Point]

    public init(_ points: [Point] = []) {
        self.points = points
    }
}

/// The platform's pictures.
public protocol Pictures: Sendable {
    /// The photo with strokes drawn into it, as JPEG.
    func flattened(_ photo: Data, _ strokes: [Stroke]) throws -> Data
    /// A small version, as JPEG.
    func thumbnail(_ photo: Data) throws -> Data
    /// Strokes on white, as PNG.
    func drawn(_ strokes: [Stroke], width: Int, height: Int) throws -> Data
}

/// A photo of the job; without content until it has come.
public struct JobPhoto: Equatable, Sendable, Identifiable {
    public let photo: Attachment
    public let thumbnail: Data?
    /// The same with what was drawn on it.
    public let marked: Attachment?
    /// What it is said to show.
    public let shows: String

    public var id: String { photo.blob.hex }
}

@MainActor
@Observable
public final class PhotosModel: Screen {
    /// What a photo may be said to show.
    public nonisolated static let kinds = ["before", "after", "other"]

    public private(set) var photos: [JobPhoto] = []
    public private(set) var opened: Data?

    private let core: OpenStore
    private let job: RecordId
    private let pictures: any Pictures

    public init(_ core: OpenStore, _ job: RecordId, _ pictures: any Pictures) {
        (self.core, self.job, self.pictures) = (core, job, pictures)
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Adds a photo, and beside it the same with what was drawn on it.
    public func add(_ photo: Data, _ strokes: [Stroke], fileName: String) async -> Bool {
        await work {
            let (job, pictures) = (job, pictures)
            try await core.ask { store in
                let flat = strokes.isEmpty ? photo : try pictures.flattened(photo, strokes)
                let small = captured(try pictures.thumbnail(flat), "small-\(fileName)")
                _ = try store.execute(
                    command: .addPhoto(record: job, photo: captured(photo, fileName), thumbnail: small))
                if !strokes.isEmpty, let original = try taken(store, job).last {
                    let picture = captured(flat, "marked-\(fileName)")
                    let deed = SiteDeed.markUp(record: job, original: original.blob, picture: picture)
                    _ = try store.execute(command: .onSite(deed: deed))
                }
            }
            try await read()
        }
    }

    /// Opens a photo; one that is not here is asked for with the next syncs.
    public func open(_ photo: BlobHash) async -> Bool {
        await work {
            let job = job
            opened = try await core.ask { store in
                let content = try store.file(blob: photo)
                if content == nil { try store.fetch(record: job, blob: photo) }
                return content
            }
        }
    }

    /// Says what a photo shows.
    public func name(_ photo: BlobHash, _ shows: String) async -> Bool {
        await work {
            try await core.execute(.onSite(deed: .namePhoto(record: job, photo: photo, shows: shows)))
            try await read()
        }
    }

    public func close() {
        opened = nil
    }

    private func read() async throws {
        let job = job
        photos = try await core.ask { store in
            let details = try store.record(record: job)?.details
            let files = details?.attachments ?? []
            return try taken(store, job).map { photo in
                let small = files.first { $0.role == .thumbnail && $0.of == photo.blob } ?? photo
                let said = details?.answers.first { $0.question == "photo.\(photo.blob.hex)" }
                return JobPhoto(
                    photo: photo, thumbnail: try store.file(blob: small.blob),
                    marked: files.last { $0.role == .photo && $0.of == photo.blob }, shows: said?.latest.answer ?? "")
            }
        }
    }
}

/// The photos as they were taken, oldest first.
private func taken(_ store: Fieldline, _ job: RecordId) throws -> [Attachment] {
    (try store.record(record: job)?.details?.attachments ?? []).filter { $0.role == .photo && $0.of == nil }
}

private func captured(_ jpeg: Data, _ fileName: String) -> Captured {
    Captured(content: .bytes(bytes: jpeg), fileName: fileName, contentType: "image/jpeg")
}
