// Finding by words, by a code, or by leafing through a table; manuals and models included.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SearchScreen: View {
    @State private var model: SearchModel
    @State private var text = ""
    @State private var isScanning = false
    @Environment(\.words) private var words

    init(core: OpenStore) {
        _model = State(initialValue: SearchModel(core))
    }

    var body: some View {
        ModelList(title: words.say("search"), id: "search", model: model) {
            Section {
                Entry(words.say("search_words"), "search.text", $text)
                    .submitLabel(.search)
                    .onSubmit { Task { await model.search(text) } }
                Act(words.say("search"), "search.go") { _ = await model.search(text) }
                if Scanner.isThere {
                    Button(words.say("scan")) { isScanning = true }.accessibilityIdentifier("search.scan")
                }
            }
            found
            Section(words.say("browse")) {
                ForEach(SearchModel.tables, id: \.self) { table in
                    Act(words.named("table", table), "search.browse.\(table)") { _ = await model.browse(table) }
                }
            }
        }
        .sheet(isPresented: $isScanning) {
            Scanner { code in
                (text, isScanning) = (code, false)
                Task { await model.search(code) }
            }
        }
    }

    @ViewBuilder
    private var found: some View {
        if model.found.isEmpty && !model.text.isEmpty { Line(what: words.say("nothing_found"), id: "search.none") }
        ForEach(model.found) { found in
            NavigationLink(value: found.record) {
                Line(
                    what: found.name, id: "search.found.\(found.name)",
                    about: [found.about, found.stage.isEmpty ? "" : words.named("stage", found.stage)])
            }
        }
    }
}
