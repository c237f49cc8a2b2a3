// The checklists of a job: what is asked, what was answered, what is missing, what is in dispute, and answering.

import FieldlineFFI
import Foundation
import Observation

@MainActor
@Observable
public final class ChecklistModel: Screen {
    public private(set) var checklists: [ChecklistView] = []
    public private(set) var answers: [Answered] = []

    private let core: OpenStore
    private let record: RecordId

    public init(_ core: OpenStore, _ record: RecordId) {
        (self.core, self.record) = (core, record)
    }

    public var disputed: Int { answers.count(where: \.isDisputed) }

    /// Answers that no checklist of the job asks for.
    public var others: [Answered] {
        let asked = Set(checklists.flatMap(\.questions).flatMap { [$0.key, $0.remarkKey] })
        return answers.filter { !asked.contains($0.question) }
    }

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

    /// Takes a choice of several into the answer, or out of it.
    public func toggle(_ question: QuestionView, _ choice: String) async -> Bool {
        var chosen = question.chosen
        if let at = chosen.firstIndex(of: choice) { chosen.remove(at: at) } else { chosen.append(choice) }
        return await answer(question.key, chosen.joined(separator: ","))
    }

    private func read() async throws {
        let record = record
        (checklists, answers) = try await core.ask { store in
            (try store.checklists(record: record), try store.record(record: record)?.details?.answers ?? [])
        }
    }
}

extension QuestionView {
    /// The choices the answer names.
    public var chosen: [String] {
        (answer ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}
