// What was spent on a job, with receipts, and ways that were driven for it.

package org.fieldline.app

import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.Expense
import org.fieldline.core.FieldValue
import org.fieldline.core.Item
import org.fieldline.core.RecordId
import org.fieldline.core.SiteDeed

/** An expense that was noted. */
data class SpentOn(val purpose: String, val cost: String, val currency: String, val kilometres: String, val description: String)

data class Expenses(val spent: List<SpentOn> = emptyList())

/** What may be spent on. */
val EXPENSE_KINDS = listOf("mileage", "parking", "material", "accommodation", "car_rental", "vendor_cost", "other")

private const val TABLE = "sm_incidentals"
private val COLUMNS = listOf("type", "cost", "currency", "quantity", "description")

class ExpensesPresenter(private val core: CoreCalls, private val job: RecordId) : Presenter<Expenses>(Expenses()) {
    suspend fun show(): Boolean = work { read() }

    /** Notes an expense; the core says what is missing. */
    suspend fun spend(spent: SpentOn, receipt: ByteArray?): Boolean = work {
        val picture = receipt?.let { Captured(Content.Bytes(it), "receipt.jpg", "image/jpeg") }
        val expense = Expense(
            record = job,
            purpose = spent.purpose,
            cost = filled(spent.cost),
            currency = filled(spent.currency),
            quantity = filled(spent.kilometres),
            description = filled(spent.description),
            receipt = picture,
        )
        core.execute(Command.OnSite(SiteDeed.Spend(expense)))
        read()
    }

    private fun filled(text: String): String? = text.trim().takeIf(String::isNotEmpty)

    private suspend fun read() = core.ask { Expenses(it.referring(job.sysId, TABLE, COLUMNS).map(::spentOn)) }
}

private fun spentOn(item: Item): SpentOn {
    val digits = { name: String -> (item.fields.firstOrNull { it.name == name }?.value as? FieldValue.Decimal)?.digits.orEmpty() }
    return SpentOn(item.fields.text("type"), digits("cost"), item.fields.text("currency"), digits("quantity"), item.fields.text("description"))
}
