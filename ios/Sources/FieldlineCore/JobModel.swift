// One job: where it stands, the steps that lead on with the reasons and fields they ask for, its form, its journals and its history.

import FieldlineFFI
import Foundation
import Observation

/// A step a person has chosen and that asks for something first.
public struct StepAsked: Equatable, Sendable {
    public let offer: StepOffer
    public let fields: [FormField]
}

@MainActor
@Observable
public final class JobModel: Screen {
    public let record: RecordId
    /// Nothing while the record is not on this phone; it may have gone to somebody else.
    public private(set) var view: RecordView?
    public private(set) var form: [FormField] = []
    public private(set) var clocks: [SlaClock] = []
    public private(set) var asked: StepAsked?

    private let core: OpenStore

    public init(_ core: OpenStore, _ record: RecordId) {
        (self.core, self.record) = (core, record)
    }

    public var number: String { view?.item.display ?? "" }
    public var what: String { view?.item.fields.text("short_description") ?? "" }
    public var stage: String { view?.item.stage ?? "" }
    public var steps: [StepOffer] { view?.steps ?? [] }
    public var comments: [Note] { view?.details?.comments ?? [] }
    public var workNotes: [Note] { view?.details?.workNotes ?? [] }
    public var history: [HistoryLine] { view?.history ?? [] }
    public var refused: [RefusedStep] { view?.details?.refused ?? [] }
    public var asset: RecordId? {
        view?.item.fields.reference("asset").map { RecordId(table: "alm_asset", sysId: $0) }
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { try await read() }
    }

    /// Takes a step, or asks first for what it needs.
    public func choose(_ offer: StepOffer) async -> Bool {
        if offer.reasons.isEmpty && offer.missing.isEmpty {
            let isTaken = await take(offer.step)
            if !isTaken { askWhyElsewhere(offer) }
            return isTaken
        }
        asked = StepAsked(offer: offer, fields: form.filter { offer.missing.contains($0.name) })
        return true
    }

    /// Whoever arrives elsewhere than at the site is asked why, and not kept from arriving.
    private func askWhyElsewhere(_ offer: StepOffer) {
        let why = form.filter { $0.name == "check_in_reason" && $0.name == problem?.subject }
        if !why.isEmpty { asked = StepAsked(offer: offer, fields: why) }
    }

    /// Lets a chosen step be.
    public func leave() {
        asked = nil
    }

    /// Takes a step, with what a person gave for it by the names of the fields.
    public func take(_ step: String, reason: String? = nil, given: [String: String] = [:], comment: String = "") async
        -> Bool
    {
        guard let fields = changes(given) else { return false }
        let comment = comment.isEmpty ? nil : comment
        return await execute(.transition(record: record, step: step, reason: reason, fields: fields, comment: comment))
    }

    /// Writes what was typed into fields.
    public func change(_ given: [String: String]) async -> Bool {
        guard let fields = changes(given) else { return false }
        return await execute(.setFields(record: record, fields: fields))
    }

    /// Writes to the journal customers can read.
    public func comment(_ text: String) async -> Bool {
        await execute(.comment(record: record, text: text))
    }

    /// Writes to the internal journal.
    public func note(_ text: String) async -> Bool {
        await execute(.workNote(record: record, text: text))
    }

    /// What was typed as values; a text no field of its kind can hold is told as a problem with that field.
    private func changes(_ given: [String: String]) -> [FieldChange]? {
        var changes: [FieldChange] = []
        let typed = Typed(timeZone: core.calendar.timeZone)
        for (name, text) in given.sorted(by: { $0.key < $1.key }) {
            let field = form.first { $0.name == name }
            guard let field, let change = typed.change(name, field.kind, text) else {
                let told = "\(field?.label ?? name): \(text)"
                problem = Problem(told: told, remedy: .correct, record: record, subject: name)
                return nil
            }
            changes.append(change)
        }
        return changes
    }

    private func execute(_ command: Command) async -> Bool {
        await work {
            try await core.execute(command)
            try await read()
        }
    }

    private func read() async throws {
        let record = record
        (view, form, clocks) = try await core.ask { store in
            guard let view = try store.record(record: record) else { return (nil, [], []) }
            return (view, try store.form(record: record) ?? [], try store.slaClocks(record: record))
        }
        asked = nil
    }
}
