// Finding things on this phone: by words, by a scanned code, or by leafing through a table such as the product models.

package org.fieldline.app

import org.fieldline.core.Item
import org.fieldline.core.RecordId

data class Found(val record: RecordId, val name: String, val about: String, val stage: String)

data class Search(val text: String = "", val table: String? = null, val found: List<Found> = emptyList())

class SearchPresenter(private val core: CoreCalls) : Presenter<Search>(Search()) {
    /** Finds what has every word; nothing typed finds nothing. */
    suspend fun search(text: String): Boolean = work {
        val items = if (text.isBlank()) emptyList() else core.ask { it.search(text, ABOUT) }
        Search(text, null, items.map(::found))
    }

    /** Leafs through a table. */
    suspend fun browse(table: String): Boolean = work {
        Search("", table, core.ask { it.byTable(table, ABOUT) }.map(::found))
    }

    private fun found(item: Item): Found {
        val about = ABOUT.map { item.fields.text(it) }.firstOrNull { it.isNotEmpty() && it != item.display }
        return Found(item.record, item.display, about.orEmpty(), item.stage.orEmpty())
    }

    private companion object {
        /** The first of these that is filled tells what a record is about. */
        val ABOUT = listOf("short_description", "serial_number", "street", "manufacturer", "city")
    }
}

/** What people leaf through. */
val BROWSED_TABLES = listOf("wm_task", "wm_order", "alm_asset", "cmdb_model", "cmn_location", "customer_contact")
