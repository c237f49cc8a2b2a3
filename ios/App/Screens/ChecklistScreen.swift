// The checklist of a job.

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
            ForEach(model.answers, id: \.question) { answered in
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
