// Opening work that follows from a job.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct FollowUpScreen: View {
    @State private var model: FollowUpModel
    @State private var what = ""
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId) {
        _model = State(initialValue: FollowUpModel(core, job))
    }

    var body: some View {
        ModelList(title: words.say("follow_up"), id: "follow_up", model: model) {
            if let opened = model.opened { Line(what: opened, id: "follow_up.opened") }
            Entry(words.say("what_to_do"), "follow_up.what", $what)
            ForEach(FollowUpModel.tables, id: \.self) { table in
                Act(words.named("follow", table), "follow_up.\(table)") {
                    if await model.open(table, what) { what = "" }
                }
                .disabled(what.isEmpty)
            }
        }
    }
}
