// Finding by a code, by words, or by leafing through a table; manuals and models included.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SearchScreen: View {
    let phone: Phone
    let core: OpenStore
    @State private var model: SearchModel
    @State private var text = ""
    @State private var opened: RecordId?
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore) {
        (self.phone, self.core) = (phone, core)
        _model = State(initialValue: SearchModel(core))
    }

    var body: some View {
        ModelList(title: words.say("search"), id: "search", model: model) {
            Section {
                CodeEntry(words.say("search_words"), "search.text", $text) { await search() }
                    .submitLabel(.search)
                    .onSubmit { Task { await search() } }
                Act(words.say("search"), "search.go") { await search() }
            }
            found
            Section(words.say("browse")) {
                ForEach(SearchModel.tables, id: \.self) { table in
                    Act(words.named("table", table), "search.browse.\(table)") { _ = await model.browse(table) }
                }
            }
        }
        .navigationDestination(item: $opened) { RecordScreen(phone: phone, core: core, record: $0) }
    }

    /// What alone bears the code is opened.
    private func search() async {
        if await model.search(text) { opened = model.meant }
    }

    @ViewBuilder
    private var found: some View {
        if model.found.isEmpty && !model.text.isEmpty { Line(what: words.say("nothing_found"), id: "search.none") }
        ForEach(model.found) { found in
            NavigationLink(value: found.record) {
                Line(
                    what: found.name, id: "search.found.\(found.name)",
                    about: [
                        ThingModel.tables.contains(found.record.table) ? words.named("thing", found.record.table) : "",
                        found.about, found.stage.isEmpty ? "" : words.named("stage", found.stage),
                    ])
            }
        }
    }
}
