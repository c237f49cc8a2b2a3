// Who signs for a job, or will not.

import FieldlineFFI
import Observation

@MainActor
@Observable
public final class SignatureModel: Screen {
    private nonisolated static let width = 800
    private nonisolated static let height = 300

    public private(set) var strokes: [Stroke] = []
    public private(set) var signed: [Signature] = []

    /// Who signs.
    public nonisolated static let signers = ["customer", "technician"]

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

    public func draw(_ stroke: Stroke) {
        strokes.append(stroke)
    }

    public func clear() {
        strokes = []
    }

    /// Signs with what was drawn, under the name of who drew it.
    public func sign(_ name: String, as signer: String = "customer") async -> Bool {
        await work {
            let (pictures, drawn) = (pictures, strokes)
            let png = try await core.ask { _ in try pictures.drawn(drawn, width: Self.width, height: Self.height) }
            let picture = Captured(content: .bytes(bytes: png), fileName: "\(name).png", contentType: "image/png")
            let deed = SiteDeed.sign(record: job, signer: signer, name: name, picture: picture)
            try await core.execute(.onSite(deed: deed))
            strokes = []
            try await read()
        }
    }

    /// Says why nobody signs.
    public func refuse(_ reason: String, as signer: String = "customer") async -> Bool {
        await work {
            try await core.execute(.onSite(deed: .refuseSignature(record: job, signer: signer, reason: reason)))
            try await read()
        }
    }

    private func read() async throws {
        let job = job
        signed = try await core.ask { try $0.signatures(record: job) }
    }
}
