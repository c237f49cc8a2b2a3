// The app. Every screen is a view of a model in FieldlineCore; what a model cannot know, because only the phone does, is in Platform.

import FieldlineCore
import SwiftUI

@main
struct FieldlineApp: App {
    @State private var phone = Phone()
    @Environment(\.scenePhase) private var phase

    var body: some Scene {
        WindowGroup {
            Root(phone: phone)
                .environment(\.words, phone.words)
                .environment(\.locale, phone.words.locale)
                .environment(\.layoutDirection, phone.words.direction)
        }
        .onChange(of: phase) { _, now in
            if now == .background { Background.ask() }
        }
        .backgroundTask(.appRefresh(Background.task)) {
            await Background.exchange(phone)
        }
    }
}

/// Whose work is shown, or who is asked to come in.
struct Root: View {
    let phone: Phone
    @Environment(\.words) private var words

    var body: some View {
        Group {
            if let core = phone.core {
                Tabs(phone: phone, core: core).id(ObjectIdentifier(core.store))
            } else if phone.isShared {
                SharedPhoneScreen(phone: phone)
            } else if let problem = phone.problem {
                List { ProblemSection(problem: problem, understood: phone.opensOwnStore) }
            } else {
                ProgressView()
            }
        }
        .task {
            phone.whereabouts.begin()
            phone.opensOwnStore()
            if phone.isShared { await SingleApp.mode(true) }
        }
    }
}
