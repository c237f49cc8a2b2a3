// An asset and its history.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct AssetScreen: View {
    @State private var model: AssetModel
    @Environment(\.words) private var words

    init(core: OpenStore, record: RecordId) {
        _model = State(initialValue: AssetModel(core, record))
    }

    var body: some View {
        let title = model.name.isEmpty ? words.say("asset") : model.name
        ModelList(title: title, id: "asset", model: model) {
            ForEach(model.fields, id: \.name) { field in
                Line(what: field.shown, id: "asset.\(field.name)", about: [field.label])
            }
            Section(words.say("work_on_it")) {
                ForEach(model.jobs) { job in
                    NavigationLink(value: job.record) {
                        Line(
                            what: job.what, id: "asset.work.\(job.number)",
                            about: ["\(job.number) · \(words.named("stage", job.stage))"])
                    }
                }
            }
        }
    }
}
