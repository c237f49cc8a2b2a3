// The van, what this phone may take without asking, and on a job what was used of it.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct PartsScreen: View {
    @State private var model: PartsModel
    @State private var code = ""
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId? = nil) {
        _model = State(initialValue: PartsModel(core, job: job))
    }

    var body: some View {
        let title = words.say(model.isOnJob ? "parts" : "van")
        ModelList(title: title, id: "parts", model: model) {
            if model.isOnJob {
                scanning
                used
            }
            Section(words.say("van")) {
                if model.van.isEmpty { Line(what: words.say("van_empty"), id: "parts.van.none") }
                ForEach(model.van) { InStock(model: model, part: $0) }
            }
            if !model.elsewhere.isEmpty {
                Section(words.say("held_elsewhere")) {
                    ForEach(model.elsewhere) { InStock(model: model, part: $0) }
                }
            }
        }
        .told(model.uncovered.map { words.say("used_uncovered", $0.name) }, "parts.uncovered", isUrgent: true)
    }

    /// A part by its code, and what that may stand for.
    private var scanning: some View {
        Section {
            CodeEntry(words.say("code_of_part"), "parts.code", $code) { await use() }
            Act(words.say("use_it"), "parts.code.use") { await use() }.disabled(code.isEmpty)
            if let offered = model.offered {
                Line(what: words.say(offered.isEmpty ? "unknown_code" : "which_part"), id: "parts.offered")
                ForEach(offered) { part in
                    Act(words.say("use_one", part.name), "parts.offered.\(part.id)") { _ = await model.use(part, 1) }
                }
            }
        }
    }

    private func use() async {
        if await model.use(code: code) { code = "" }
    }

    private var used: some View {
        Section(words.say("used")) {
            if model.used.isEmpty { Line(what: words.say("nothing_used"), id: "parts.none") }
            ForEach(model.used) { part in
                Line(what: part.name, id: "parts.used.\(part.name)", about: ["\(part.quantity)"])
            }
        }
    }
}

/// A part where it lies: how many are left and may be taken, using, putting back and counting.
private struct InStock: View {
    let model: PartsModel
    let part: Part
    @Environment(\.words) private var words

    var body: some View {
        Line(
            what: part.name, id: "parts.van.\(part.name)",
            about: [part.place, part.serialNumber, words.say("left", "\(part.left)")] + rights,
            isUrgent: part.left <= 0)
        if model.isOnJob {
            Act(words.say("use_one", part.name), "parts.use.\(part.name)") { _ = await model.use(part, 1) }
            Act(words.say("put_back_one", part.name), "parts.putback.\(part.name)") { _ = await model.putBack(part, 1) }
        }
        if part.stockroom != nil { Counting(model: model, part: part) }
        if let counted = model.counted, counted.part.id == part.id {
            Line(what: words.say("counted", "\(counted.quantity)"), id: "parts.counted")
        }
    }

    private var rights: [String] {
        part.rights.flatMap { right in
            [
                words.say("may_take", "\(right.left)", "\(right.granted)"),
                right.reservedFor.map { words.say("reserved_for", $0) } ?? "",
            ]
        }
    }
}

/// How many were found, asked for when somebody wants to say so.
private struct Counting: View {
    let model: PartsModel
    let part: Part
    @State private var isOpen = false
    @State private var found = ""
    @State private var why = ""
    @Environment(\.words) private var words

    var body: some View {
        if isOpen {
            Entry(words.say("count_found"), "parts.count.found", $found).keyboardType(.numberPad)
            Entry(words.say("count_why"), "parts.count.why", $why)
            Act(words.say("save"), "parts.count.save") { await save() }.disabled(quantity == nil)
        } else {
            Button(words.say("count_part", part.name)) { isOpen = true }
                .accessibilityIdentifier("parts.count.\(part.name)")
        }
    }

    /// In the digits of any script.
    private var quantity: Int64? {
        Int64(found.compactMap(\.wholeNumberValue).map(String.init).joined())
    }

    private func save() async {
        guard let quantity, await model.count(part, quantity, why) else { return }
        (isOpen, found, why) = (false, "", "")
    }
}
