// An asset, a part, a stockroom or a place: what it is, the work on it and the assets that belong to it.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct ThingScreen: View {
    @State private var model: ThingModel
    @Environment(\.words) private var words

    init(core: OpenStore, record: RecordId) {
        _model = State(initialValue: ThingModel(core, record))
    }

    var body: some View {
        let title = model.name.isEmpty ? words.named("thing", model.thing.table) : model.name
        ModelList(title: title, id: "thing", model: model) {
            ForEach(model.fields, id: \.name) { field in
                Line(what: field.shown, id: "thing.\(field.name)", about: [field.label])
            }
            Section(words.say("work_on_it")) {
                ForEach(model.jobs) { job in
                    NavigationLink(value: job.record) {
                        Line(
                            what: job.what, id: "thing.work.\(job.number)",
                            about: ["\(job.number) · \(words.named("stage", job.stage))"])
                    }
                }
            }
            if !model.assets.isEmpty { assets }
        }
    }

    private var assets: some View {
        Section(words.say("belongs_to_it")) {
            ForEach(model.assets) { asset in
                NavigationLink(value: asset.record) {
                    Line(what: asset.name, id: "thing.asset.\(asset.name)", about: [asset.about])
                }
            }
        }
    }
}
