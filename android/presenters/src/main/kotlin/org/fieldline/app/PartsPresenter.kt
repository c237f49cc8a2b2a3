// Parts: what is in the van, what this phone may take without asking, what was used on a job; using, putting back and counting.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.Fieldline
import org.fieldline.core.Item
import org.fieldline.core.Lease
import org.fieldline.core.PartUse
import org.fieldline.core.RecordId
import org.fieldline.core.SysId

/** How many parts this phone may take while it can ask nobody. */
data class Right(
    val left: Long,
    val granted: Long,
    /** The number of the only job they are for. */
    val reservedFor: String?,
)

/** A part that can be taken. */
data class Part(
    val name: String,
    val model: SysId?,
    val asset: SysId? = null,
    val stockroom: SysId? = null,
    /** Where it lies, unless that is the van. */
    val place: String = "",
    val serialNumber: String = "",
    val left: Long = 0,
    val rights: List<Right> = emptyList(),
) {
    /** The same whatever is left of it. */
    val key: String get() = listOf(asset ?: model, stockroom).joinToString(".") { it?.hex.orEmpty() }
}

/** Parts of one model used on a job, less those put back. */
data class UsedPart(val model: SysId, val name: String, val quantity: Long)

/** How many of a part were found. */
data class CountedPart(val part: Part, val quantity: Long)

data class Parts(
    val van: List<Part> = emptyList(),
    /** What is held for this phone in other stockrooms. */
    val elsewhere: List<Part> = emptyList(),
    val used: List<UsedPart> = emptyList(),
    /** What was taken last, where nothing covers that. */
    val uncovered: Part? = null,
    val counted: CountedPart? = null,
    /** What a code may stand for, where that is not one part alone. */
    val offered: List<Part>? = null,
)

/** Without a job it shows the van only. */
class PartsPresenter(private val core: CoreCalls, private val job: RecordId?) : Presenter<Parts>(Parts()) {
    val isOnJob: Boolean = job != null

    suspend fun show(): Boolean = work { read(it) }

    /** Takes a part for the job. */
    suspend fun use(part: Part, quantity: Long): Boolean = work { before ->
        val (job, model) = (job ?: return@work before) to (part.model ?: return@work before)
        val done = core.execute(Command.UsePart(job, model, quantity, part.asset, part.stockroom))
        read(before).copy(uncovered = part.takeIf { done.uncovered.isNotEmpty() }, offered = null)
    }

    /** Puts a part back to where it was. */
    suspend fun putBack(part: Part, quantity: Long): Boolean = use(part, -quantity)

    /** Takes the part a code stands for; where there are several, or none, it says which. */
    suspend fun useCode(code: String): Boolean {
        val isRead = work { before -> before.copy(offered = core.ask { meant(it, code, before) }) }
        val only = content.offered?.singleOrNull()
        return if (isRead && only != null) use(only, 1) else isRead
    }

    /** Notes how many were found where a part lies, and why somebody counted. */
    suspend fun count(part: Part, quantity: Long, reason: String): Boolean = work { before ->
        val (stockroom, model) = (part.stockroom ?: return@work before) to (part.model ?: return@work before)
        core.execute(Command.Count(stockroom, model, quantity, reason))
        read(before).copy(counted = CountedPart(part, quantity))
    }

    private suspend fun read(before: Parts): Parts = core.ask { store ->
        val leases = store.leases().filter { job == null || it.task == null || it.task == job.sysId }
        val van = store.vanStock().map { stock ->
            val part = part(stock.item).copy(left = stock.left)
            part.copy(rights = leases.filter { it.covers(part) }.map { right(store, it) })
        }
        val elsewhere = leases.filter { lease -> van.none(lease::covers) }.groupBy { it.stockroom to it.model }.values.map { held(store, it) }
        val uses = job?.let { store.record(it)?.details?.parts }.orEmpty()
        before.copy(van = van, elsewhere = elsewhere, used = used(store, uses))
    }
}

private fun Lease.covers(part: Part) = model == part.model && stockroom == part.stockroom

private fun right(store: Fieldline, lease: Lease) =
    Right(lease.left, lease.granted, lease.task?.let { store.record(RecordId("wm_task", it))?.item?.display ?: it.hex })

private fun held(store: Fieldline, leases: List<Lease>): Part {
    val (first, left) = leases.first() to leases.sumOf { it.left }
    return Part(first.modelName, first.model, null, first.stockroom, first.stockroomName, "", left, leases.map { right(store, it) })
}

private fun part(asset: Item): Part {
    val fields = asset.fields
    return Part(
        asset.display, fields.reference("model"), asset.record.sysId, fields.reference("stockroom"),
        serialNumber = fields.text("serial_number"),
    )
}

private fun used(store: Fieldline, uses: List<PartUse>): List<UsedPart> {
    val byModel = uses.groupBy { it.model }.mapValues { (_, uses) -> uses.sumOf { it.quantity } }
    return byModel.filterValues { it != 0L }.map { (model, quantity) ->
        UsedPart(model, store.record(RecordId("cmdb_model", model))?.item?.display ?: model.hex, quantity)
    }
}

/** The parts a code may stand for: of the van and of what is held elsewhere, as far as they are there. */
private fun meant(store: Fieldline, code: String, parts: Parts): List<Part> {
    val known = parts.van + parts.elsewhere
    return store.resolveCode(code).flatMap { item ->
        when (item.record.table) {
            "alm_asset" -> listOf(known.firstOrNull { it.asset == item.record.sysId } ?: part(item))
            "cmdb_model" -> ofModel(item, known)
            else -> emptyList()
        }
    }.distinctBy { it.key }
}

private fun ofModel(model: Item, known: List<Part>): List<Part> {
    val parts = known.filter { it.model == model.record.sysId }
    return parts.filter { it.left > 0 }.ifEmpty { parts }.ifEmpty { listOf(Part(model.display, model.record.sysId)) }
}
