// The van, and on a job what was used of it.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct PartsScreen: View {
    private let isOnJob: Bool
    @State private var model: PartsModel
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId? = nil) {
        isOnJob = job != nil
        _model = State(initialValue: PartsModel(core, job: job))
    }

    var body: some View {
        let title = words.say(isOnJob ? "parts" : "van")
        ModelList(title: title, id: "parts", model: model) {
            if isOnJob { used }
            Section(words.say("van")) {
                if model.van.isEmpty { Line(what: words.say("van_empty"), id: "parts.van.none") }
                ForEach(model.van) { part in
                    Line(
                        what: part.name, id: "parts.van.\(part.name)",
                        about: [words.say("left", "\(part.left)"), part.serialNumber])
                    if isOnJob { moves(part) }
                }
            }
        }
    }

    private var used: some View {
        Section(words.say("used")) {
            if model.used.isEmpty { Line(what: words.say("nothing_used"), id: "parts.none") }
            ForEach(model.used) { part in
                Line(what: part.name, id: "parts.used.\(part.name)", about: ["\(part.quantity)"])
            }
        }
    }

    @ViewBuilder
    private func moves(_ part: VanPart) -> some View {
        Act(words.say("use_one", part.name), "parts.use.\(part.name)") { _ = await model.use(part, 1) }
        Act(words.say("put_back_one", part.name), "parts.putback.\(part.name)") { _ = await model.putBack(part, 1) }
    }
}
