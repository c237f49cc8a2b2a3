// Working alone: when one has to be heard of, saying that one is safe, and calling for help.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SafetyScreen: View {
    let job: RecordId
    @Environment(SafetyModel.self) private var model
    @Environment(\.words) private var words

    var body: some View {
        ModelList(title: words.say("safety"), id: "safety", model: model) {
            Act(words.say("i_am_safe"), "safety.safe") { _ = await model.safe(job) }.bold()
            Act(words.say("call_for_help"), "safety.help", role: .destructive) { _ = await model.help(job) }
            if model.timers?.isEmpty == true { Line(what: words.say("not_watched"), id: "safety.none") }
            ForEach(Array((model.timers ?? []).enumerated()), id: \.offset) { index, timer in
                Line(
                    what: timer.task.display, id: "safety.timer.\(index)", about: about(timer),
                    isUrgent: timer.isOverdue || timer.callsForHelp)
            }
        }
    }

    private func about(_ timer: SafetyTimer) -> [String] {
        [
            words.say("heard_by", words.moment(timer.dueAt)),
            timer.isOverdue ? words.say("overdue") : "",
            timer.callsForHelp ? words.say("help_called") : "",
        ]
    }
}
