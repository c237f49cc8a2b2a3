// An asset: what it is, and the work done on it, as far as this phone knows.

package org.fieldline.app

import org.fieldline.core.FormField
import org.fieldline.core.Item
import org.fieldline.core.RecordId

/** Work on the asset. */
data class AssetWork(val record: RecordId, val number: String, val what: String, val stage: String)

data class Asset(val name: String = "", val fields: List<FormField> = emptyList(), val work: List<AssetWork> = emptyList())

class AssetPresenter(private val core: CoreCalls, private val asset: RecordId) : Presenter<Asset>(Asset()) {
    suspend fun show(): Boolean = work {
        core.ask { store ->
            val name = store.record(asset)?.item?.display.orEmpty()
            val filled = store.form(asset).orEmpty().filter { it.shown.isNotEmpty() }
            Asset(name, filled, store.byAsset(asset.sysId, listOf("short_description")).map(::work))
        }
    }

    private fun work(item: Item) =
        AssetWork(item.record, item.display, item.fields.text("short_description"), item.stage.orEmpty())
}
