// The customer signs with a finger.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SignatureScreen: View {
    @State private var model: SignatureModel
    @State private var name = ""
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore, job: RecordId) {
        _model = State(initialValue: SignatureModel(core, job, phone.pictures))
    }

    var body: some View {
        ModelList(title: words.say("signature"), id: "signature", model: model) {
            Entry(words.say("name_of_signer"), "signature.name", $name)
            DrawingPad(strokes: model.strokes, color: .black, drawn: model.draw)
                .frame(height: 180)
                .background(.white)
                .environment(\.layoutDirection, .leftToRight)
                .accessibilityLabel(words.say("sign_here"))
                .accessibilityIdentifier("signature.pad")
            Button(words.say("clear"), action: model.clear).accessibilityIdentifier("signature.clear")
            Act(words.say("sign"), "signature.sign") {
                if await model.sign(name) { name = "" }
            }
            .disabled(name.isEmpty || model.strokes.isEmpty)
            ForEach(Array(model.signed.enumerated()), id: \.offset) { index, signed in
                Line(what: signed.fileName, id: "signature.signed.\(index)", about: [words.moment(signed.origin.at)])
            }
        }
    }
}
