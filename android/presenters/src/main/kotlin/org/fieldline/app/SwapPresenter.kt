// One asset out, another in, as they are read off their plates.

package org.fieldline.app

import org.fieldline.core.Fieldline
import org.fieldline.core.Item
import org.fieldline.core.RecordId
import org.fieldline.core.Swap
import org.fieldline.core.SysId

/** Where what is removed can be taken along to. */
data class Stockroom(val id: SysId, val name: String)

data class Swapping(
    /** What the job is about, and its serial number. */
    val expected: String = "",
    val van: Stockroom? = null,
    /** The van, and the stockrooms that are nobody's. */
    val stockrooms: List<Stockroom> = emptyList(),
    /** What was removed and what was installed last. */
    val swapped: Pair<String, String>? = null,
    /** Whether nothing covers that it was taken. */
    val isUncovered: Boolean = false,
)

class SwapPresenter(private val core: CoreCalls, private val job: RecordId) : Presenter<Swapping>(Swapping()) {
    suspend fun show(): Boolean = work { before -> core.ask { read(it, before) } }

    suspend fun swap(removed: String, installed: String, stockroom: SysId?, isDefective: Boolean): Boolean = work { before ->
        val done = core.ask { it.swap(Swap(job, removed, installed, stockroom, isDefective)) }
        before.copy(swapped = removed to installed, isUncovered = done.any { it.uncovered.isNotEmpty() })
    }

    private fun read(store: Fieldline, before: Swapping): Swapping {
        val asset = store.record(job)?.item?.fields?.reference("asset")?.let { store.record(RecordId("alm_asset", it)) }?.item
        val rooms = store.byTable("alm_stockroom", listOf("type", "manager"))
        val (vans, shared) = rooms.partition { it.fields.text("type") == "field_agent" }
        val van = vans.firstOrNull { it.fields.reference("manager") == store.enrolled()?.user }?.let(::stockroom)
        val expected = listOfNotNull(asset?.display, asset?.fields?.text("serial_number")).filter(String::isNotEmpty).distinct()
        return before.copy(
            expected = expected.joinToString(" · "),
            van = van,
            stockrooms = listOfNotNull(van) + shared.filter { it.fields.text("type") != "in_transit" }.map(::stockroom),
        )
    }
}

private fun stockroom(item: Item) = Stockroom(item.record.sysId, item.display)
