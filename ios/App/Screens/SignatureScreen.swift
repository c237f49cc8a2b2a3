// The customer or the technician signs with a finger, or it is said why nobody does.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SignatureScreen: View {
    @State private var model: SignatureModel
    @State private var signer = SignatureModel.signers[0]
    @State private var name = ""
    @State private var reason = ""
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore, job: RecordId) {
        _model = State(initialValue: SignatureModel(core, job, phone.pictures))
    }

    var body: some View {
        ModelList(title: words.say("signature"), id: "signature", model: model) {
            Picker(words.say("signature"), selection: $signer) {
                ForEach(SignatureModel.signers, id: \.self) { Text(words.named("signer", $0)) }
            }
            .accessibilityIdentifier("signature.signer")
            Entry(words.say("name_of_signer"), "signature.name", $name)
            DrawingPad(strokes: model.strokes, color: .black, drawn: model.draw)
                .frame(height: 180)
                .background(.white)
                .environment(\.layoutDirection, .leftToRight)
                .accessibilityLabel(words.say("sign_here"))
                .accessibilityIdentifier("signature.pad")
            Button(words.say("clear"), action: model.clear).accessibilityIdentifier("signature.clear")
            Act(words.say("sign"), "signature.sign") {
                if await model.sign(name, as: signer) { name = "" }
            }
            .disabled(name.isEmpty || model.strokes.isEmpty)
            refusal
            ForEach(Array(model.signed.enumerated()), id: \.offset) { index, signed in
                Line(
                    what: signed.name ?? words.say("not_signed"), id: "signature.signed.\(index)",
                    about: about(signed), isUrgent: signed.isDisputed)
            }
        }
    }

    private var refusal: some View {
        Section {
            Entry(words.say("why_not_signed"), "signature.reason", $reason)
            Act(words.say("not_signed"), "signature.refuse") {
                if await model.refuse(reason, as: signer) { reason = "" }
            }
            .disabled(reason.isEmpty)
        }
    }

    private func about(_ signed: Signature) -> [String] {
        let since = signed.editsSince > 0 ? words.say("changed_since", "\(signed.editsSince)") : ""
        return [words.named("signer", signed.signer), words.moment(signed.at), signed.refused ?? "", since]
    }
}
