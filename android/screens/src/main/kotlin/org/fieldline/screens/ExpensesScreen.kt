// What was spent on a job: noting it with its receipt, and what was noted.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.EXPENSE_KINDS
import org.fieldline.app.ExpensesPresenter
import org.fieldline.app.SpentOn

private val NOTHING = SpentOn(EXPENSE_KINDS.first(), "", "", "", "")

private class Receipt(val picture: ByteArray)

@Composable
fun ExpensesScreen(presenter: ExpensesPresenter, camera: Camera) {
    var spent by remember { mutableStateOf(NOTHING) }
    var receipt by remember { mutableStateOf<Receipt?>(null) }
    Screen(presenter, say(Word.EXPENSES), "expenses", { presenter.show() }) { expenses, does ->
        items(EXPENSE_KINDS, { it }) { kind ->
            Chosen(named("expense", kind), "expenses.$kind", spent.purpose == kind) { spent = spent.copy(purpose = kind) }
        }
        if (spent.purpose == "mileage") {
            item { Entry(say(Word.KILOMETRES), spent.kilometres, "expenses.kilometres") { spent = spent.copy(kilometres = it) } }
        } else {
            item { Entry(say(Word.COST), spent.cost, "expenses.cost") { spent = spent.copy(cost = it) } }
            item { Entry(say(Word.CURRENCY), spent.currency, "expenses.currency") { spent = spent.copy(currency = it.uppercase()) } }
            item { OtherButton(say(Word.TAKE_PHOTO), "expenses.receipt") { camera.take { receipt = Receipt(it) } } }
        }
        item { Entry(say(Word.DESCRIPTION), spent.description, "expenses.description") { spent = spent.copy(description = it) } }
        item {
            MainButton(say(Word.SAVE), "expenses.save") {
                does {
                    if (presenter.spend(spent, receipt?.picture)) {
                        spent = NOTHING
                        receipt = null
                    }
                }
            }
        }
        itemsIndexed(expenses.spent) { index, noted ->
            val amount = listOf(noted.cost, noted.currency).filter(String::isNotEmpty).joinToString(" ")
            val way = if (noted.kilometres.isEmpty()) "" else "${noted.kilometres} km"
            Line(named("expense", noted.purpose), "expenses.noted.$index", listOf(amount, way, noted.description))
        }
    }
}
