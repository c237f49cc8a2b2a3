// Who takes this shared phone.

import FieldlineCore
import SwiftUI

struct SharedPhoneScreen: View {
    let phone: Phone
    @State private var chosen: PhoneUser?
    @State private var pin = ""
    @State private var isWrong = false
    @State private var newName = ""
    @State private var newPin = ""
    @Environment(\.words) private var words

    private var model: SharedPhoneModel { phone.shared }

    var body: some View {
        NavigationStack {
            ModelList(title: words.say("who_are_you"), id: "kiosk", model: model) {
                ForEach(model.users) { user in
                    Button(user.name) { (chosen, isWrong) = (user, false) }
                        .bold(user == chosen)
                        .accessibilityAddTraits(user == chosen ? .isSelected : [])
                        .accessibilityIdentifier("kiosk.user.\(user.name)")
                }
                if let chosen { entering(chosen) }
                adding
            }
        }
    }

    private func entering(_ user: PhoneUser) -> some View {
        Section {
            SecureField(words.say("pin"), text: $pin).accessibilityIdentifier("kiosk.pin")
            Act(words.say("enter"), "kiosk.enter") {
                isWrong = await !model.enter(user, secret: pin)
                pin = ""
                if !isWrong { phone.enters() }
            }
            if let until = model.waitUntil {
                Line(what: words.say("wait_until", words.moment(until)), id: "kiosk.wait", isUrgent: true)
            } else if isWrong {
                Line(what: words.say("wrong_pin"), id: "kiosk.wrong", isUrgent: true)
            }
        }
    }

    private var adding: some View {
        Section(words.say("new_user")) {
            Entry(words.say("name"), "kiosk.name", $newName)
            SecureField(words.say("pin"), text: $newPin).accessibilityIdentifier("kiosk.newpin")
            Act(words.say("add_user"), "kiosk.add") {
                if await model.add(newName, secret: newPin) { (newName, newPin) = ("", "") }
            }
            .disabled(newName.isEmpty || newPin.isEmpty)
        }
    }
}
