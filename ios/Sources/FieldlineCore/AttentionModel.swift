// What waits for a person's decision: edits the server keeps aside, values in doubt, questions in dispute.

import FieldlineFFI
import Observation

@MainActor
@Observable
public final class AttentionModel: Screen {
    public private(set) var held: [HeldEdit] = []
    public private(set) var doubts: [Doubt] = []
    /// What people call the fields in doubt, by their names.
    public private(set) var labels: [String: String] = [:]

    private let core: OpenStore

    public init(_ core: OpenStore) {
        self.core = core
    }

    public var count: Int { held.count + doubts.count }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Gives up an edit the server keeps aside.
    public func discard(_ edit: HeldEdit) async -> Bool {
        await decide(.discardHeld(counter: edit.counter))
    }

    /// Makes it anew on top of what is known now.
    public func resend(_ edit: HeldEdit) async -> Bool {
        await decide(.resendHeld(counter: edit.counter))
    }

    /// Keeps the value shown.
    public func keep(_ record: RecordId, field: String) async -> Bool {
        await decide(.confirm(record: record, field: field))
    }

    /// Takes the other value.
    public func take(_ record: RecordId, _ other: Alternative) async -> Bool {
        await decide(.setFields(record: record, fields: [FieldChange(field: other.field, value: other.value)]))
    }

    /// Settles a question with one of its answers.
    public func settle(_ record: RecordId, _ question: String, with answer: Answer) async -> Bool {
        await decide(.answer(record: record, question: question, answer: answer.answer, photo: answer.photo))
    }

    private func decide(_ command: Command) async -> Bool {
        await work {
            try await core.execute(command)
            try await read()
        }
    }

    private func read() async throws {
        let needs = try await core.ask { try $0.needsAttention() }
        let forms = try await core.ask { store in
            try needs.records.flatMap { try store.form(record: $0.item.record) ?? [] }
        }
        (held, doubts) = (needs.held, needs.records)
        labels = Dictionary(forms.map { ($0.name, $0.label) }) { first, _ in first }
    }
}
