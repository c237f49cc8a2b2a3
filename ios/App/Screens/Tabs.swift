// The five places of the app, and keeping in step for as long as they are shown.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct Tabs: View {
    let phone: Phone
    let core: OpenStore
    @State private var sync: SyncModel
    @State private var attention: AttentionModel
    @State private var safety: SafetyModel
    @State private var line = LineWatch()
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore) {
        (self.phone, self.core) = (phone, core)
        _sync = State(initialValue: SyncModel(core))
        _attention = State(initialValue: AttentionModel(core))
        _safety = State(initialValue: SafetyModel(core))
    }

    var body: some View {
        TabView {
            tab("today", "calendar") { TodayScreen(phone: phone, core: core) }
            tab("what_changed", "bell") { NewsScreen(core: core) }
            tab("attention", "exclamationmark.bubble") { AttentionScreen(model: attention) }.badge(attention.count)
            tab("search", "magnifyingglass") { SearchScreen(phone: phone, core: core) }
            tab("more", "ellipsis") { MoreScreen(phone: phone, core: core, sync: sync) }
        }
        .environment(safety)
        .task { await sync.keepInStep() }
        .task {
            line.begin(sync, SettingsModel(core, phone.preferences, deviceName: phone.name))
            await Notices.askForLeave()
        }
        .onDisappear { line.end() }
        .onChange(of: sync.status?.heldEdits) { Task { await attention.show() } }
        .onChange(of: sync.status) { Task { await safety.show() } }
        .onChange(of: safety.alarms) { _, alarms in
            if let alarms { Notices.ring(alarms, words) }
        }
    }

    private func tab(_ word: String, _ image: String, @ViewBuilder content: () -> some View) -> some View {
        NavigationStack {
            content()
                .navigationDestination(for: RecordId.self) { RecordScreen(phone: phone, core: core, record: $0) }
        }
        .tabItem { Label(words.say(word), systemImage: image).accessibilityIdentifier("tab.\(word)") }
    }
}

/// What bears a code is shown as a thing, the rest as work.
struct RecordScreen: View {
    let phone: Phone
    let core: OpenStore
    let record: RecordId

    var body: some View {
        if ThingModel.tables.contains(record.table) {
            ThingScreen(core: core, record: record)
        } else {
            JobScreen(phone: phone, core: core, record: record)
        }
    }
}
