// What waits for a decision, each with its ways out.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct AttentionScreen: View {
    let model: AttentionModel
    @Environment(\.words) private var words

    var body: some View {
        ModelList(title: words.say("attention"), id: "attention", model: model) {
            if model.count == 0 { Line(what: words.say("nothing_waits"), id: "attention.none") }
            ForEach(model.held, id: \.counter) { held($0) }
            ForEach(model.doubts, id: \.item.record) { DoubtSection(model: model, doubt: $0) }
        }
    }

    private func held(_ edit: HeldEdit) -> some View {
        Section {
            Line(
                what: edit.display, id: "attention.held.\(edit.counter)",
                about: edit.deeds + [edit.detail, words.moment(edit.madeAt)], isUrgent: true)
            Act(words.say("send_again"), "attention.resend.\(edit.counter)") { _ = await model.resend(edit) }
            Act(words.say("give_up"), "attention.discard.\(edit.counter)", role: .destructive) {
                _ = await model.discard(edit)
            }
        }
    }
}

private struct DoubtSection: View {
    let model: AttentionModel
    let doubt: Doubt
    @Environment(\.words) private var words

    private var record: RecordId { doubt.item.record }
    private var id: String { "attention.\(doubt.item.display)" }

    var body: some View {
        Section {
            NavigationLink(value: record) { Line(what: doubt.item.display, id: id, about: refused, isUrgent: true) }
            ForEach(Array(doubt.alternatives.enumerated()), id: \.offset) { alternative($1, "\(id).\($0)") }
            ForEach(doubt.disputed, id: \.question) { disputed($0) }
        }
    }

    private var refused: [String] {
        doubt.refused.map { "\(words.say("step_not_followed")): \(words.named("step", $0.step))" }
    }

    @ViewBuilder
    private func alternative(_ other: Alternative, _ id: String) -> some View {
        let now = doubt.item.fields.first { $0.name == other.field }?.value
        Text(model.labels[other.field] ?? other.field).font(.headline)
        Act(words.say("keep_value", shown(now)), "\(id).keep") { _ = await model.keep(record, field: other.field) }
        Act(words.say("take_value", shown(other.value)), "\(id).take") { _ = await model.take(record, other) }
    }

    @ViewBuilder
    private func disputed(_ answered: Answered) -> some View {
        Text(answered.question).font(.headline)
        ForEach(Array(([answered.latest] + answered.others).enumerated()), id: \.offset) { index, answer in
            Act(answer.answer, "\(id).\(answered.question).\(index)") {
                _ = await model.settle(record, answered.question, with: answer)
            }
        }
    }

    private func shown(_ value: FieldValue?) -> String {
        switch value {
        case nil: words.say("empty")
        case .text(let text): text
        case .integer(let number): "\(number)"
        case .decimal(let digits): digits
        case .boolean(let yes): words.say(yes ? "yes" : "no")
        case .time(let at): words.moment(at)
        case .reference(let id): id.hex
        case .references(let ids): ids.map(\.hex).joined(separator: ", ")
        }
    }
}
