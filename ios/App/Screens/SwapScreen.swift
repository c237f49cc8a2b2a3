// One asset out, another in: two plates, where the removed one goes, and whether it is broken.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SwapScreen: View {
    @State private var model: SwapModel
    @State private var removed = ""
    @State private var installed = ""
    @State private var chosen: SysId?
    @State private var isDefective = false
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId) {
        _model = State(initialValue: SwapModel(core, job))
    }

    var body: some View {
        ModelList(title: words.say("swap"), id: "swap", model: model) {
            if !model.expected.isEmpty {
                Line(what: words.say("expected_plate", model.expected), id: "swap.expected")
            }
            CodeEntry(words.say("removed_plate"), "swap.removed", $removed)
            CodeEntry(words.say("installed_plate"), "swap.installed", $installed)
            Picker(words.say("take_along_to"), selection: into) {
                if model.van == nil { Text("–").tag(SysId?.none) }
                ForEach(model.stockrooms) { Text($0.name).tag(SysId?.some($0.sysId)) }
            }
            .accessibilityIdentifier("swap.to")
            Toggle(words.say("is_defective"), isOn: $isDefective).accessibilityIdentifier("swap.defective")
            Act(words.say("swap_now"), "swap.now") { await swap() }
                .bold()
                .disabled(removed.isEmpty || installed.isEmpty)
        }
        .told(outcome, "swap.swapped", isUrgent: model.isUncovered)
    }

    /// The van, unless somebody chose.
    private var into: Binding<SysId?> {
        Binding(get: { chosen ?? model.van?.sysId }, set: { chosen = $0 })
    }

    private var outcome: String? {
        guard let swapped = model.swapped else { return nil }
        let told = words.say("swapped", swapped.removed, swapped.installed)
        return model.isUncovered ? told + "\n" + words.say("used_uncovered", swapped.installed) : told
    }

    private func swap() async {
        let into = chosen ?? model.van?.sysId
        guard await model.swap(removed, for: installed, into: into, isDefective: isDefective) else { return }
        (removed, installed, isDefective) = ("", "", false)
    }
}
