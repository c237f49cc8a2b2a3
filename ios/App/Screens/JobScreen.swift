// One job: its next steps first, then its form, its journals, its history and what else belongs to it.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct JobScreen: View {
    let phone: Phone
    let core: OpenStore
    @State private var model: JobModel
    @State private var comment = ""
    @State private var note = ""
    @Environment(SafetyModel.self) private var safety
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore, record: RecordId) {
        (self.phone, self.core) = (phone, core)
        _model = State(initialValue: JobModel(core, record))
    }

    var body: some View {
        ModelList(title: words.say("job"), id: "job", model: model) {
            if let view = model.view {
                head(view)
            } else {
                Line(what: words.say("not_here"), id: "job.nothere", isUrgent: true)
            }
            if let asked = model.asked {
                StepAskedSection(model: model, asked: asked).id(asked.offer.step)
            } else {
                steps
            }
            parts
            FormSection(form: model.form) { _ = await model.change($0) }
            writing
            JournalSections(model: model)
        }
        // Whoever works alone is rung for from one step of the job to another.
        .onChange(of: model.stage) { Task { await safety.show() } }
    }

    private func head(_ view: RecordView) -> some View {
        Section {
            Line(
                what: model.what, id: "job.head",
                about: [
                    "\(model.number) · \(words.named("stage", model.stage))",
                    view.item.unsent > 0 ? words.say("unsent", "\(view.item.unsent)") : "",
                    view.item.isEditable ? "" : words.say("not_editable"),
                ],
                isUrgent: view.item.attention > 0)
            ForEach(Array(model.clocks.enumerated()), id: \.offset) { index, clock in
                Line(
                    what: clock.name, id: "job.clock.\(index)", about: told(clock), isUrgent: clock.hasBreached)
            }
            ForEach(Array(model.refused.enumerated()), id: \.offset) { index, refused in
                Line(
                    what: words.named("step", refused.step), id: "job.refused.\(index)",
                    about: [words.say("step_not_followed")], isUrgent: true)
            }
        }
    }

    /// How long it may still take, and how sure that is.
    private func told(_ clock: SlaClock) -> [String] {
        let stands: String
        if clock.stage == .inProgress, let at = clock.breachesAt {
            stands = words.say("due_by", words.moment(at))
        } else {
            stands = clock.stage == .inProgress ? "" : words.named("clock", clock.stage.word)
        }
        return [
            stands,
            clock.hasBreached ? words.say("overdue") : "",
            clock.restsOnUnsent ? words.say("by_unsent") : "",
            clock.asOf.map { words.say("as_of", words.moment($0)) } ?? "",
        ]
    }

    private var steps: some View {
        Section {
            ForEach(model.steps, id: \.step) { offer in
                Act(words.named("step", offer.step), "job.step.\(offer.step)") { _ = await model.choose(offer) }
                    .bold()
            }
        }
    }

    private var parts: some View {
        Section {
            link("checklist") { ChecklistScreen(core: core, job: model.record) }
            link("safety") { SafetyScreen(job: model.record) }
            link("parts") { PartsScreen(core: core, job: model.record) }
            link("swap") { SwapScreen(core: core, job: model.record) }
            link("photos") { PhotosScreen(phone: phone, core: core, job: model.record) }
            link("files") { FilesScreen(core: core, job: model.record) }
            link("signature") { SignatureScreen(phone: phone, core: core, job: model.record) }
            link("time") { TimeScreen(core: core, job: model.record) }
            link("expenses") { ExpensesScreen(core: core, job: model.record) }
            link("follow_up") { FollowUpScreen(core: core, job: model.record) }
            if let asset = model.asset {
                NavigationLink(words.say("asset"), value: asset).accessibilityIdentifier("job.asset")
            }
        }
    }

    private func link(_ word: String, @ViewBuilder to screen: @escaping () -> some View) -> some View {
        NavigationLink(words.say(word), destination: screen).accessibilityIdentifier("job.\(word)")
    }

    private var writing: some View {
        Section {
            Entry(words.say("comment_for_customer"), "job.comment", $comment)
            Act(words.say("write"), "job.write") {
                if await model.comment(comment) { comment = "" }
            }
            Entry(words.say("internal"), "job.note", $note)
            Act(words.say("write"), "job.write.note") {
                if await model.note(note) { note = "" }
            }
        }
    }
}

extension ClockStage {
    /// The core's name of it.
    fileprivate var word: String {
        switch self {
        case .inProgress: "in_progress"
        case .paused: "paused"
        case .completed: "completed"
        case .cancelled: "cancelled"
        }
    }
}

private struct JournalSections: View {
    let model: JobModel
    @Environment(\.words) private var words

    var body: some View {
        Section(words.say("journal")) {
            notes(model.comments, "job.comment", words.say("for_customer"))
            notes(model.workNotes, "job.note", words.say("internal"))
        }
        Section(words.say("history")) {
            ForEach(Array(model.history.reversed().enumerated()), id: \.offset) { index, line in
                Line(
                    what: words.moment(line.origin.at), id: "job.history.\(index)",
                    about: line.deeds.map { "\($0.subject): \($0.detail)" })
            }
        }
    }

    private func notes(_ notes: [Note], _ id: String, _ kind: String) -> some View {
        ForEach(Array(notes.enumerated()), id: \.offset) { index, note in
            Line(what: note.text, id: "\(id).\(index)", about: [words.moment(note.origin.at), kind])
        }
    }
}
