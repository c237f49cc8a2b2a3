// A record as a form, and what a step asks for before it is taken. Which fields there are, and what they may hold, the core says.

import FieldlineCore
import FieldlineFFI
import SwiftUI

/// What this person may write can be written; the rest is told where it holds something.
struct FormSection: View {
    let form: [FormField]
    let change: ([String: String]) async -> Void
    @Environment(\.words) private var words

    var body: some View {
        Section(words.say("details")) {
            ForEach(form.filter { $0.mayWrite || !$0.shown.isEmpty }, id: \.name) { field in
                if field.mayWrite {
                    Written(field: field, change: change).id(field.name + field.shown)
                } else {
                    Line(what: field.shown, id: "job.field.\(field.name)", about: [field.label])
                }
            }
        }
    }
}

private struct Written: View {
    let field: FormField
    let change: ([String: String]) async -> Void
    @State private var text: String
    @Environment(\.words) private var words

    init(field: FormField, change: @escaping ([String: String]) async -> Void) {
        (self.field, self.change) = (field, change)
        _text = State(initialValue: field.typed)
    }

    var body: some View {
        FieldEntry(field: field, id: "job.field.\(field.name)", text: $text)
        if text != field.typed {
            Act(words.say("save"), "job.field.\(field.name).save") { await change([field.name: text]) }
        }
    }
}

/// How a field is written by its kind.
private struct FieldEntry: View {
    let field: FormField
    let id: String
    @Binding var text: String
    @Environment(\.words) private var words

    var body: some View {
        if !field.choices.isEmpty {
            Picker(field.label, selection: $text) {
                Text(words.say("empty")).tag("")
                ForEach(field.choices, id: \.value) { Text($0.label).tag($0.value) }
            }
            .accessibilityIdentifier(id)
        } else if field.kind == .boolean {
            Toggle(field.label, isOn: Binding(get: { text == "true" }, set: { text = $0 ? "true" : "false" }))
                .accessibilityIdentifier(id)
        } else {
            LabeledContent(field.label) { Entry(field.label, id, $text).multilineTextAlignment(.trailing) }
        }
    }
}

/// What a step asks for.
struct StepAskedSection: View {
    let model: JobModel
    let asked: StepAsked
    @State private var reason: String?
    @State private var comment = ""
    @State private var given: [String: String] = [:]
    @Environment(\.words) private var words

    var body: some View {
        Section(words.named("step", asked.offer.step)) {
            ForEach(asked.offer.reasons, id: \.self) { choice in
                Button(words.named("reason", choice)) { reason = choice }
                    .accessibilityIdentifier("job.reason.\(choice)")
                    .accessibilityAddTraits(reason == choice ? .isSelected : [])
                    .bold(reason == choice)
            }
            ForEach(asked.fields, id: \.name) { field in
                FieldEntry(field: field, id: "job.asked.\(field.name)", text: text(of: field))
            }
            Entry(words.say("comment_for_customer"), "job.asked.comment", $comment)
            Act(words.say("do_it"), "job.take") {
                _ = await model.take(asked.offer.step, reason: reason, given: given, comment: comment)
            }
            Button(words.say("leave_it"), role: .cancel, action: model.leave).accessibilityIdentifier("job.leave")
        }
    }

    private func text(of field: FormField) -> Binding<String> {
        Binding(get: { given[field.name] ?? "" }, set: { given[field.name] = $0 })
    }
}

extension FormField {
    /// What it holds, as one types it.
    fileprivate var typed: String {
        switch value {
        case .boolean(let yes): yes ? "true" : "false"
        case .integer(let number): "\(number)"
        case .decimal(let digits): digits
        case .text(let text): text
        case .time(let at): Typed(timeZone: .current).text(at)
        case .reference(let id): id.hex
        case .references(let ids): ids.map(\.hex).joined(separator: ",")
        case nil: ""
        }
    }
}
