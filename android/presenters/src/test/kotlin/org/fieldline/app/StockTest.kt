// Parts and assets on a phone that can ask nobody: what it may take, what it used without that, counting, codes, swaps.

package org.fieldline.app

import org.fieldline.core.RecordId
import org.fieldline.core.SysId
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Gives a technician a van. */
fun van(technician: Technician): RecordId =
    Office.creates("alm_stockroom", "name" to "Van of ${technician.name}", "type" to "field_agent", "manager" to technician.user.hex)

/** Puts things into a technician's van. */
fun stocks(technician: Technician, van: RecordId, what: String, vararg more: Pair<String, Any>): RecordId =
    Office.creates("alm_asset", "display_name" to what, "assigned_to" to technician.user.hex, "stockroom" to van.sysId.hex, *more)

class StockTest {
    private fun seal(vararg more: Pair<String, Any>): SysId = Office.creates("cmdb_model", "display_name" to "Seal 40 mm", *more).sysId

    /** The parts of a job, with ten seals in the van. */
    private suspend fun Technician.parts(model: SysId, vararg more: Pair<String, Any>): Pair<PartsPresenter, RecordId> {
        val lot = stocks(this, van(this), "Seals", "model" to model.hex, "quantity" to "10", *more)
        val job = Office.sends(this, "Change the seal")
        syncs()
        return PartsPresenter(core, job).also { it.show() } to lot
    }

    @Test
    fun `what is taken from the van is less in the van and in what may be taken, and putting back undoes it`() = told { tina ->
        val model = seal()
        val (parts, _) = tina.parts(model)
        assertEquals(10L to listOf(Right(10, 10, null)), parts.content.van.single().let { it.left to it.rights })
        assertTrue(parts.use(parts.content.van.single(), 3))
        assertEquals(7L to listOf(Right(7, 10, null)), parts.content.van.single().let { it.left to it.rights })
        assertEquals(UsedPart(model, "Seal 40 mm", 3), parts.content.used.single())
        assertTrue(parts.putBack(parts.content.van.single(), 3))
        assertEquals(10L, parts.content.van.single().left)
        assertEquals(emptyList<UsedPart>(), parts.content.used)
    }

    @Test
    fun `a use that nothing covers is written and said at once, until something else is used`() = told { tina ->
        val (parts, _) = tina.parts(seal())
        assertTrue(parts.use(parts.content.van.single(), 11))
        assertEquals("Seals", parts.content.uncovered?.name)
        parts.show()
        assertEquals("Seals", parts.content.uncovered?.name)
        assertTrue(parts.use(parts.content.van.single(), 1))
        assertNull(parts.content.uncovered)
        assertEquals(12L, parts.content.used.single().quantity)
    }

    @Test
    fun `what was counted is noted, and the office books the difference`() = told { tina ->
        val (_, lot) = tina.parts(seal())
        val van = PartsPresenter(tina.core, null).also { it.show() }
        assertTrue(van.count(van.content.van.single(), 7, "one box was wet"))
        assertEquals(7L, van.content.counted?.quantity)
        tina.syncs()
        assertEquals("7", Office.reads(lot).getString("quantity"))
        van.show()
        assertEquals(7L to 7L, van.content.van.single().let { it.left to it.rights.single().left })
    }

    @Test
    fun `a scanned part is used from the van, and an unknown code says so`() = told { tina ->
        val (parts, lot) = tina.parts(seal("barcode" to "SEAL-${tina.name}"), "asset_tag" to "LOT-${tina.name}")
        assertTrue(parts.useCode("SEAL-${tina.name}"))
        assertTrue(parts.useCode("lot-${tina.name}"))
        assertEquals(8L, parts.content.van.single().left)
        assertEquals(lot.sysId, parts.content.van.single().asset)
        assertNull(parts.content.offered)
        assertTrue(parts.useCode("NOBODY-BEARS-THIS"))
        assertEquals(emptyList<Part>(), parts.content.offered)
    }

    @Test
    fun `a code on several parts offers them and uses none before one is chosen`() = told { tina ->
        val code = "BOTH-${tina.name}"
        val (parts, _) = tina.parts(seal("barcode" to code))
        val other = seal("barcode" to code)
        tina.syncs()
        assertTrue(parts.useCode(code))
        assertEquals(2, parts.content.offered?.size)
        assertEquals(emptyList<UsedPart>(), parts.content.used)
        assertTrue(parts.use(parts.content.offered!!.single { it.model == other }, 1))
        assertEquals(other, parts.content.used.single().model)
        assertEquals(other, parts.content.uncovered?.model)
    }

    /** Brings parts out of a depot into a van, for one job alone. */
    private fun delivers(job: RecordId, model: SysId, quantity: Int, van: RecordId) {
        val depot = Office.creates("alm_stockroom", "name" to "Depot", "type" to "warehouse")
        Office.creates("alm_asset", "display_name" to "Seals", "model" to model.hex, "quantity" to "9", "stockroom" to depot.sysId.hex)
        val task = "work_order_task" to job.sysId.hex
        val needed = Office.creates("sm_part_requirement", task, "model" to model.hex, "required_quantity" to "$quantity")
        val order = Office.creates("alm_transfer_order", task, "from_stockroom" to depot.sysId.hex, "to_stockroom" to van.sysId.hex)
        Office.creates(
            "alm_transfer_order_line", "transfer_order" to order.sysId.hex, "model" to model.hex,
            "quantity_requested" to "$quantity", "part_requirement" to needed.sysId.hex,
        )
        listOf("requested", "in_transit", "delivered").forEach { Office.changes(order, "stage" to it) }
    }

    @Test
    fun `what is kept for one job is told with its number, and is not offered on another`() = told { tina ->
        val (model, van) = seal() to van(tina)
        val (job, other) = Office.sends(tina, "Change the seal") to Office.sends(tina, "Look at the seal")
        delivers(job, model, 2, van)
        tina.syncs()
        val right = Right(2, 2, Office.reads(job).getString("number"))
        val (parts, others) = PartsPresenter(tina.core, job) to PartsPresenter(tina.core, other)
        parts.show()
        assertEquals(listOf(right), parts.content.van.single().rights)
        others.show()
        assertEquals(emptyList<Right>(), others.content.van.single().rights)
        assertTrue(others.use(others.content.van.single(), 1))
        assertEquals(model, others.content.uncovered?.model)
        assertTrue(parts.use(parts.content.van.single(), 2))
        assertNull(parts.content.uncovered)
        assertEquals(0L, parts.content.van.single().rights.single().left)
    }

    @Test
    fun `a right to parts that are not in the van is told with its place, and can be used`() = told { tina ->
        val (parts, lot) = tina.parts(seal())
        val depot = Office.creates("alm_stockroom", "name" to "Depot", "type" to "warehouse")
        Office.changes(lot, "stockroom" to depot.sysId.hex)
        tina.syncs()
        parts.show()
        assertEquals(emptyList<Part>(), parts.content.van)
        assertEquals("Seal 40 mm" to "Van of ${tina.name}", parts.content.elsewhere.single().let { it.name to it.place })
        assertTrue(parts.use(parts.content.elsewhere.single(), 4))
        assertNull(parts.content.uncovered)
        assertEquals(6L, parts.content.elsewhere.single().left)
    }

    /** A job about one pump, and another pump in the van. */
    private suspend fun Technician.swap(): Triple<SwapPresenter, RecordId, RecordId> {
        val model = Office.creates("cmdb_model", "display_name" to "Circulator").sysId.hex
        val old = Office.creates("alm_asset", "display_name" to "Circulator", "serial_number" to "OLD-$name", "model" to model, "assigned_to" to user.hex)
        val new = stocks(this, van(this), "Circulator", "serial_number" to "NEW-$name", "model" to model, "install_status" to "6")
        val job = Office.sends(this, "Change the pump", "asset" to old.sysId.hex)
        syncs()
        return Triple(SwapPresenter(core, job).also { it.show() }, old, new)
    }

    @Test
    fun `the wrong plate is told with the one expected, and nothing is written`() = told { tina ->
        val (swap, _, _) = tina.swap()
        assertTrue(swap.content.expected.contains("OLD-${tina.name}"), swap.content.expected)
        assertFalse(swap.swap("OTHER-1", "NEW-${tina.name}", swap.content.van?.id, false))
        val problem = swap.state.value.problem!!
        assertTrue(problem.told.contains("OLD-${tina.name}"), problem.told)
        assertEquals(0uL, tina.store.syncStatus().unsentEdits)
    }

    @Test
    fun `what is removed goes into the van, and what is installed is in it no more`() = told { tina ->
        val (swap, old, new) = tina.swap()
        assertEquals(swap.content.van, swap.content.stockrooms.first())
        assertTrue(swap.swap("old-${tina.name}", "NEW-${tina.name}", swap.content.van?.id, true)) { "${swap.state.value.problem}" }
        assertEquals("old-${tina.name}" to "NEW-${tina.name}", swap.content.swapped)
        assertFalse(swap.content.isUncovered)
        tina.syncs()
        assertEquals("defective", Office.reads(old).getString("substatus"))
        assertEquals("1", Office.reads(new).getString("install_status"))
        assertEquals(listOf(old.sysId), PartsPresenter(tina.core, null).also { it.show() }.content.van.map { it.asset })
    }
}
