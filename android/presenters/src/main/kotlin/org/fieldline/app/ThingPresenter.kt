// What bears a code: an asset, a part, a stockroom or a place. What it is, the work on it and the assets that belong to it, as far as
// this phone knows.

package org.fieldline.app

import org.fieldline.core.FormField
import org.fieldline.core.Item
import org.fieldline.core.RecordId

/** The tables of what bears a code. */
val THING_TABLES = listOf("alm_asset", "cmdb_model", "alm_stockroom", "cmn_location")

/** Work on the thing. */
data class ThingWork(val record: RecordId, val number: String, val what: String, val stage: String)

data class Thing(
    val name: String = "",
    val fields: List<FormField> = emptyList(),
    val work: List<ThingWork> = emptyList(),
    val assets: List<Found> = emptyList(),
)

class ThingPresenter(private val core: CoreCalls, val thing: RecordId) : Presenter<Thing>(Thing()) {
    suspend fun show(): Boolean = work {
        core.ask { store ->
            val name = store.record(thing)?.item?.display.orEmpty()
            val filled = store.form(thing).orEmpty().filter { it.shown.isNotEmpty() }
            val work = store.referring(thing.sysId, "wm_task", listOf("short_description")).map(::work)
            Thing(name, filled, work, store.referring(thing.sysId, "alm_asset", FOUND_FIELDS).map(::found))
        }
    }

    private fun work(item: Item) =
        ThingWork(item.record, item.display, item.fields.text("short_description"), item.stage.orEmpty())
}
