// Finding things on this phone: by a code, by words, or by leafing through a table such as the product models.

package org.fieldline.app

import org.fieldline.core.Item
import org.fieldline.core.RecordId

data class Found(val record: RecordId, val name: String, val about: String, val stage: String)

data class Search(
    val text: String = "",
    val table: String? = null,
    val found: List<Found> = emptyList(),
    /** The one thing that bears the text as its code. */
    val meant: RecordId? = null,
)

class SearchPresenter(private val core: CoreCalls) : Presenter<Search>(Search()) {
    /** Finds what bears the text as a code; where nothing does, what has every word of it. Nothing finds nothing. */
    suspend fun search(text: String): Boolean = work {
        val bearing = if (text.isBlank()) emptyList() else core.ask { it.resolveCode(text) }
        val items = if (text.isBlank()) emptyList() else bearing.ifEmpty { core.ask { it.search(text, FOUND_FIELDS) } }
        Search(text, null, items.map(::found), bearing.singleOrNull()?.record)
    }

    /** Leafs through a table. */
    suspend fun browse(table: String): Boolean = work {
        Search("", table, core.ask { it.byTable(table, FOUND_FIELDS) }.map(::found))
    }
}

/** The first of these that is filled tells what a record is about. */
val FOUND_FIELDS = listOf("short_description", "serial_number", "street", "manufacturer", "city")

fun found(item: Item): Found {
    val about = FOUND_FIELDS.map { item.fields.text(it) }.firstOrNull { it.isNotEmpty() && it != item.display }
    return Found(item.record, item.display, about.orEmpty(), item.stage.orEmpty())
}

/** What people leaf through. */
val BROWSED_TABLES = listOf("wm_task", "wm_order", "alm_asset", "cmdb_model", "cmn_location", "customer_contact")
