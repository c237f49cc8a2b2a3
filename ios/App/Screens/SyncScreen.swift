// How this phone stands with its server, as it is.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct SyncScreen: View {
    let model: SyncModel
    @State private var kiosk = ""
    @Environment(\.words) private var words

    var body: some View {
        ModelList(title: words.say("sync"), id: "sync", model: model) {
            Section {
                Line(what: summary, id: "sync.summary", about: [lastInStep], isUrgent: !model.isAllSent)
                if let coming = model.coming {
                    Line(what: words.say("coming", "\(coming.done)", "\(coming.total)"), id: "sync.coming")
                }
                if let at = model.triesAgainAt {
                    Line(what: words.say("tries_again", words.moment(at)), id: "sync.again")
                }
                Act(words.say("sync_now"), "sync.now") { await model.sync() }
            }
            if let status = model.status { counts(status) }
            visit
        }
    }

    private var summary: String {
        if model.status?.device == nil { return words.say("not_signed_in") }
        return words.say(model.isAllSent ? "all_sent" : "not_all_sent")
    }

    private var lastInStep: String {
        model.status?.syncedAt.map { words.say("last_in_step", words.moment($0)) } ?? words.say("never_in_step")
    }

    private func counts(_ status: SyncStatus) -> some View {
        Section {
            Line(what: words.say("unsent_edits"), id: "sync.unsent", about: ["\(status.unsentEdits)"])
            Line(what: words.say("unsent_files"), id: "sync.files", about: ["\(status.unsentFiles)"])
            Line(
                what: words.say("held_edits"), id: "sync.held", about: ["\(status.heldEdits)"],
                isUrgent: status.heldEdits > 0)
            Line(
                what: words.say("damaged_files"), id: "sync.damaged", about: ["\(status.damagedFiles)"],
                isUrgent: status.damagedFiles > 0)
            Line(what: words.say("wanted_records"), id: "sync.wanted", about: ["\(status.wantedDocuments)"])
            if let at = status.handedOverAt {
                Line(what: words.say("handed_over"), id: "sync.handedover", about: [words.moment(at)])
            }
        }
    }

    private var visit: some View {
        Section(words.say("visit_kiosk")) {
            Entry(words.say("kiosk_address"), "sync.kiosk", $kiosk)
            Act(words.say("visit_kiosk"), "sync.visit") { _ = await model.visitKiosk(kiosk) }
            if let visit = model.lastVisit { Line(what: words.named("visit", visit.word), id: "sync.visited") }
        }
    }
}

extension KioskVisit {
    fileprivate var word: String {
        switch self {
        case .inStep: "in_step"
        case .held: "held"
        case .noKiosk: "no_kiosk"
        }
    }
}
