// Time spent on a job, and meters read on it.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct TimeScreen: View {
    @State private var model: TimeModel
    @State private var minutes = 15
    @State private var meter = ""
    @State private var value = ""
    @State private var unit = ""
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId) {
        _model = State(initialValue: TimeModel(core, job))
    }

    var body: some View {
        ModelList(title: words.say("time"), id: "time", model: model) {
            Section(words.say("minutes_until_now")) {
                Stepper(words.say("minutes", "\(minutes)"), value: $minutes, in: 5...600, step: 5)
                    .accessibilityIdentifier("time.minutes")
                ForEach(TimeModel.purposes, id: \.self) { purpose in
                    Act(words.say("enter_time", words.named("time", purpose)), "time.log.\(purpose)") {
                        _ = await model.logLast(minutes, purpose)
                    }
                }
            }
            entered
            meters
        }
    }

    private var entered: some View {
        Section {
            ForEach(model.totals.sorted { $0.key < $1.key }, id: \.key) { purpose, seconds in
                Line(
                    what: words.named("time", purpose), id: "time.total.\(purpose)",
                    about: [words.say("minutes", "\(Int(seconds / 60))")])
            }
            ForEach(Array(model.entries.enumerated()), id: \.offset) { index, entry in
                Line(
                    what: words.named("time", entry.kind), id: "time.entry.\(index)",
                    about: ["\(words.moment(entry.startedAt)) – \(words.moment(entry.endedAt))"])
            }
        }
    }

    private var meters: some View {
        Section(words.say("meters")) {
            ForEach(Array(model.readings.enumerated()), id: \.offset) { index, reading in
                Line(what: reading.meter, id: "time.reading.\(index)", about: ["\(reading.value) \(reading.unit)"])
            }
            Entry(words.say("meter"), "time.meter", $meter)
            Entry(words.say("value"), "time.value", $value)
            Entry(words.say("unit"), "time.unit", $unit)
            Act(words.say("save"), "time.read") {
                if await model.read(meter, value, unit: unit) { (meter, value) = ("", "") }
            }
        }
    }
}
