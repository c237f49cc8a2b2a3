// The checklists of a job: each question with what answers it, and what is still missing on top.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct ChecklistScreen: View {
    @State private var model: ChecklistModel
    @State private var question = ""
    @State private var answer = ""
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId) {
        _model = State(initialValue: ChecklistModel(core, job))
    }

    var body: some View {
        ModelList(title: words.say("checklist"), id: "checklist", model: model) {
            ForEach(model.checklists, id: \.key) { AskedSection(model: model, checklist: $0) }
            ForEach(model.others, id: \.question) { answered in
                Button {
                    question = answered.question
                } label: {
                    Line(
                        what: answered.question, id: "checklist.\(answered.question)",
                        about: [answered.latest.answer] + others(answered), isUrgent: answered.isDisputed)
                }
            }
            Section {
                Entry(words.say("question"), "checklist.question", $question)
                Entry(words.say("answer"), "checklist.answer", $answer)
                Act(words.say("save"), "checklist.save") {
                    if await model.answer(question, answer) { (question, answer) = ("", "") }
                }
            }
        }
    }

    private func others(_ answered: Answered) -> [String] {
        answered.isDisputed ? answered.others.map { words.say("other_answer", $0.answer) } : []
    }
}

/// One checklist.
private struct AskedSection: View {
    let model: ChecklistModel
    let checklist: ChecklistView
    @Environment(\.words) private var words

    var body: some View {
        Section {
            Line(
                what: checklist.title, id: "checklist.of.\(checklist.key)", about: [missing, score],
                isUrgent: !checklist.missing.isEmpty)
            ForEach(Array(checklist.missing.enumerated()), id: \.offset) { index, missing in
                Line(what: missing.problem, id: "checklist.missing.\(checklist.key).\(index)", isUrgent: true)
            }
            ForEach(checklist.questions, id: \.key) { question in
                if question.kind == "section" {
                    Text(question.text).font(.headline)
                } else {
                    QuestionRow(model: model, question: question)
                }
            }
        }
    }

    private var missing: String {
        checklist.missing.isEmpty ? "" : words.say("still_missing", "\(checklist.missing.count)")
    }

    private var score: String {
        guard checklist.mostPoints > 0 else { return "" }
        return words.say("score", "\(checklist.points)", "\(checklist.mostPoints)")
    }
}

/// A question, what was answered, and what answers it. Pictures are taken on the screen of photos and answered with there.
private struct QuestionRow: View {
    let model: ChecklistModel
    let question: QuestionView
    @Environment(\.words) private var words

    var body: some View {
        VStack(alignment: .leading) {
            Line(
                what: question.text, id: "checklist.\(question.key)", about: about,
                isUrgent: question.isDisputed || question.problem != nil)
            answering
            if question.warning != nil {
                Typed(
                    label: words.say("remark"), id: "checklist.\(question.remarkKey)", before: question.remark ?? ""
                ) {
                    _ = await model.answer(question.remarkKey, $0)
                }
            }
        }
    }

    private var about: [String] {
        let answer = question.answer.map { "\($0) \(question.unit ?? "")" } ?? ""
        return [
            question.isMandatory ? words.say("mandatory") : "", answer, question.problem ?? "",
            question.warning ?? "", question.remark ?? "",
        ]
    }

    @ViewBuilder
    private var answering: some View {
        switch question.kind {
        case "yes_no":
            choice("yes", words.say("yes"))
            choice("no", words.say("no"))
        case "choice":
            ForEach(question.choices, id: \.value) { choice($0.value, $0.label) }
        case "multi":
            ForEach(question.choices, id: \.value) { one in
                Act(one.label, "checklist.\(question.key).\(one.value)") {
                    _ = await model.toggle(question, one.value)
                }
                .bold(question.chosen.contains(one.value))
            }
        case "rating":
            ForEach(Array(1...Int(question.most ?? 1)), id: \.self) { stars in
                choice("\(stars)", String(repeating: "★", count: stars))
            }
        case "photo", "signature": EmptyView()
        default:
            Typed(
                label: question.unit ?? words.say("answer"), id: "checklist.\(question.key)",
                before: question.answer ?? ""
            ) {
                _ = await model.answer(question.key, $0)
            }
        }
    }

    private func choice(_ value: String, _ label: String) -> some View {
        Act(label, "checklist.\(question.key).\(value)") { _ = await model.answer(question.key, value) }
            .bold(question.answer == value)
            .accessibilityAddTraits(question.answer == value ? .isSelected : [])
    }
}

/// A text that is saved once it differs.
private struct Typed: View {
    let label: String
    let id: String
    let before: String
    let save: (String) async -> Void
    @State private var text = ""
    @Environment(\.words) private var words

    var body: some View {
        Entry(label, "\(id).entry", $text).onAppear { text = before }
        if !text.isEmpty && text != before {
            Act(words.say("save"), "\(id).save") { await save(text) }
        }
    }
}
