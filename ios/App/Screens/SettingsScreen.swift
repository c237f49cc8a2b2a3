// Signing in, the language, and wiping the store.

import FieldlineCore
import SwiftUI

struct SettingsScreen: View {
    let phone: Phone
    let sync: SyncModel
    @State private var model: SettingsModel
    @State private var server = ""
    @State private var userName = ""
    @State private var password = ""
    @State private var isWiping = false
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore, sync: SyncModel) {
        (self.phone, self.sync) = (phone, sync)
        _model = State(initialValue: SettingsModel(core, phone.preferences, deviceName: phone.name))
    }

    var body: some View {
        ModelList(title: words.say("settings"), id: "settings", model: model) {
            if let salvage = model.salvage {
                Line(what: salvage.message, id: "settings.salvage", isUrgent: salvage.missing > 0)
            }
            signingIn
            languages
            wiping
            Line(what: model.version, id: "settings.version")
        }
        .onChange(of: model.server) { server = model.server }
    }

    private var signingIn: some View {
        Section(words.say(model.enrolled == nil ? "sign_in" : "sign_in_again")) {
            Entry(words.say("server"), "settings.server", $server)
                .keyboardType(.URL)
                .textInputAutocapitalization(.never)
                .autocorrectionDisabled()
            Entry(words.say("user_name"), "settings.user", $userName)
                .textInputAutocapitalization(.never)
                .autocorrectionDisabled()
            SecureField(words.say("password"), text: $password).accessibilityIdentifier("settings.password")
            Act(words.say("sign_in"), "settings.signin") {
                if await model.signIn(server: server, userName: userName, password: password) {
                    password = ""
                    await sync.sync()
                }
            }
        }
    }

    private var languages: some View {
        Section(words.say("language")) {
            ForEach([""] + Words.languages, id: \.self) { code in
                Button(name(of: code)) {
                    model.speak(code)
                    phone.speaksAnew()
                }
                .bold(code == model.language)
                .accessibilityAddTraits(code == model.language ? .isSelected : [])
                .accessibilityIdentifier("settings.language.\(code)")
            }
        }
    }

    private func name(of code: String) -> String {
        if code.isEmpty { return words.say("language_of_phone") }
        return Locale(identifier: code).localizedString(forIdentifier: code) ?? code
    }

    private var wiping: some View {
        Section {
            Button(words.say("wipe"), role: .destructive) { isWiping = true }.accessibilityIdentifier("settings.wipe")
        }
        .confirmationDialog(words.say("wipe_warning"), isPresented: $isWiping, titleVisibility: .visible) {
            Button(words.say("wipe_really"), role: .destructive) {
                Task { if await model.wipe() { phone.beginsAnew() } }
            }
            .accessibilityIdentifier("settings.wipe.really")
        }
    }
}
