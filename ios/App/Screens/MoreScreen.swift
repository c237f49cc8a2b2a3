// The screens that are not needed every minute, with the standing of the sync on top of them.

import FieldlineCore
import SwiftUI

struct MoreScreen: View {
    let phone: Phone
    let core: OpenStore
    let sync: SyncModel
    @Environment(\.words) private var words

    var body: some View {
        ModelList(title: words.say("more"), id: "more", model: sync) {
            NavigationLink {
                SyncScreen(model: sync)
            } label: {
                let summary = words.say(sync.isAllSent ? "all_sent" : "not_all_sent")
                Line(what: words.say("sync"), id: "more.sync", about: [summary], isUrgent: !sync.isAllSent)
            }
            NavigationLink(words.say("van")) { PartsScreen(core: core) }.accessibilityIdentifier("more.van")
            NavigationLink(words.say("settings")) { SettingsScreen(phone: phone, core: core, sync: sync) }
                .accessibilityIdentifier("more.settings")
            if phone.isShared {
                Button(words.say("shared_phone"), action: phone.goesOut).accessibilityIdentifier("more.person")
            }
        }
    }
}
