// What was spent on a job: noting it with its receipt, and what was noted.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct ExpensesScreen: View {
    @State private var model: ExpensesModel
    @State private var spent = SpentOn(ExpensesModel.kinds[0])
    @State private var receipt: Data?
    @State private var isTaking = false
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId) {
        _model = State(initialValue: ExpensesModel(core, job))
    }

    var body: some View {
        ModelList(title: words.say("expenses"), id: "expenses", model: model) {
            entering
            ForEach(Array(model.spent.enumerated()), id: \.offset) { index, noted in
                Line(
                    what: words.named("expense", noted.purpose), id: "expenses.noted.\(index)",
                    about: [
                        "\(noted.cost) \(noted.currency)", noted.kilometres.isEmpty ? "" : "\(noted.kilometres) km",
                        noted.description,
                    ])
            }
        }
        .fullScreenCover(isPresented: $isTaking) {
            Camera { picture in (receipt, isTaking) = (picture, false) }.ignoresSafeArea()
        }
    }

    private var entering: some View {
        Section {
            Picker(words.say("expenses"), selection: $spent.purpose) {
                ForEach(ExpensesModel.kinds, id: \.self) { Text(words.named("expense", $0)) }
            }
            .accessibilityIdentifier("expenses.kind")
            if spent.purpose == "mileage" {
                Entry(words.say("kilometres"), "expenses.kilometres", $spent.kilometres)
            } else {
                Entry(words.say("cost"), "expenses.cost", $spent.cost)
                Entry(words.say("currency"), "expenses.currency", $spent.currency)
                Button(words.say("take_photo")) { isTaking = true }.accessibilityIdentifier("expenses.receipt")
            }
            Entry(words.say("description"), "expenses.description", $spent.description)
            Act(words.say("save"), "expenses.save") {
                if await model.spend(spent, receipt: receipt) {
                    (spent, receipt) = (SpentOn(ExpensesModel.kinds[0]), nil)
                }
            }
        }
    }
}
