// The checklist of a job: what was answered, what is in dispute, and answering.

import FieldlineFFI
import Observation

@MainActor
@Observable
public final class ChecklistModel: Screen {
    public private(set) var answers: [Answered] = []

    private let core: OpenStore
    private let record: RecordId

    public init(_ core: OpenStore, _ record: RecordId) {
        (self.core, self.record) = (core, record)
    }

    public var disputed: Int { answers.count(where: \.isDisputed) }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Answers a question, or answers it anew, which also settles a dispute.
    public func answer(_ question: String, _ answer: String, photo: BlobHash? = nil) async -> Bool {
        await work {
            try await core.execute(.answer(record: record, question: question, answer: answer, photo: photo))
            try await read()
        }
    }

    private func read() async throws {
        let record = record
        answers = try await core.ask { try $0.record(record: record)?.details?.answers ?? [] }
    }
}
