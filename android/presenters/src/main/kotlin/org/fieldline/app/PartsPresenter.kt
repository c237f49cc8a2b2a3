// Parts: what is in the van, what was used on a job, using and putting back.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.PartUse
import org.fieldline.core.RecordId
import org.fieldline.core.StockItem
import org.fieldline.core.SysId

/** A thing in the van. */
data class VanPart(
    val asset: RecordId,
    val name: String,
    val serialNumber: String,
    val left: Long,
    val model: SysId?,
    val stockroom: SysId?,
)

/** Parts of one model used on a job, less those put back. */
data class UsedPart(val model: SysId, val name: String, val quantity: Long)

data class Parts(val van: List<VanPart> = emptyList(), val used: List<UsedPart> = emptyList())

/** Without a job it shows the van only. */
class PartsPresenter(private val core: CoreCalls, private val job: RecordId?) : Presenter<Parts>(Parts()) {
    suspend fun show(): Boolean = work { read() }

    /** Takes a thing out of the van for the job. */
    suspend fun use(part: VanPart, quantity: Long): Boolean = move(part, quantity)

    /** Puts a thing back into the van. */
    suspend fun putBack(part: VanPart, quantity: Long): Boolean = move(part, -quantity)

    /** Uses a part of a model that is not from the van. */
    suspend fun useModel(model: SysId, quantity: Long): Boolean = move(model, quantity, null, null)

    private suspend fun move(part: VanPart, quantity: Long): Boolean {
        val model = part.model ?: return false
        return move(model, quantity, part.asset.sysId, part.stockroom)
    }

    private suspend fun move(model: SysId, quantity: Long, asset: SysId?, stockroom: SysId?): Boolean = work { before ->
        val job = job ?: return@work before
        core.execute(Command.UsePart(job, model, quantity, asset, stockroom))
        read()
    }

    private suspend fun read(): Parts {
        val van = core.ask { it.vanStock() }.map(::inVan)
        val uses = job?.let { id -> core.ask { it.record(id)?.details?.parts } }.orEmpty()
        return Parts(van, used(uses))
    }

    private fun inVan(stock: StockItem): VanPart {
        val fields = stock.item.fields
        val (model, stockroom) = fields.reference("model") to fields.reference("stockroom")
        return VanPart(stock.item.record, stock.item.display, fields.text("serial_number"), stock.left, model, stockroom)
    }

    private suspend fun used(uses: List<PartUse>): List<UsedPart> {
        val byModel = uses.groupBy { it.model }.mapValues { (_, uses) -> uses.sumOf { it.quantity } }
        return byModel.filterValues { it != 0L }.map { (model, quantity) ->
            val name = core.ask { it.record(RecordId("cmdb_model", model))?.item?.display } ?: model.hex
            UsedPart(model, name, quantity)
        }
    }
}
