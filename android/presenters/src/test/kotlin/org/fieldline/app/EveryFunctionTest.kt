// Everything the core exports is called once through the bindings, so that none of them is broken in this language unnoticed.

package org.fieldline.app

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import org.fieldline.core.BlobHash
import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.Fieldline
import org.fieldline.core.FieldlineException
import org.fieldline.core.FieldlineInterface
import org.fieldline.core.RecordId
import org.fieldline.core.Swap
import org.fieldline.core.SyncEvent
import org.fieldline.core.SyncListener
import org.fieldline.core.coreVersion
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Instant

class EveryFunctionTest {
    private val called = sortedSetOf<String>()

    private inline fun <T> calls(name: String, call: () -> T): T {
        called += name
        return call()
    }

    @Test
    fun `every exported function is called and none was forgotten`() = told { tina ->
        val record = Office.sends(tina, "Change the pump", "location" to Office.creates("cmn_location", "name" to "Works").sysId.hex)
        exchanges(tina.store, tina.name)
        lists(tina.store, record)
        oneRecord(tina.store, record)
        standing(tina.store)
        plans(tina.store)
        ends(tina.store)
        // Kotlin hides a number of its own in the names of functions that take unsigned numbers.
        val exported = FieldlineInterface::class.java.declaredMethods.map { it.name.substringBefore('-') }
        assertEquals(exported.filter { '$' !in it }.toSortedSet(), called)
        assertTrue(coreVersion().isNotEmpty())
    }

    private suspend fun exchanges(store: Fieldline, name: String) {
        val heard = mutableListOf<SyncEvent>()
        val listener = object : SyncListener {
            override fun onEvent(event: SyncEvent) {
                heard += event
            }
        }
        calls("signIn") { store.signIn(Office.url, name, PASSWORD, "phone") }
        calls("sync") { assertTrue(store.sync(listener, 60u).isFinished) }
        assertTrue(heard.any { it is SyncEvent.Synced })
        calls("visitKiosk") { store.visitKiosk("http://127.0.0.1:9") }
        calls("enrol") { fails { store.enrol(Office.url, "no invitation", "phone") } }
        calls("keepInStep") { stopsAtOnce(store, listener) }
    }

    private suspend fun stopsAtOnce(store: Fieldline, listener: SyncListener) = coroutineScope {
        val kept = async(Dispatchers.Default) { runCatching { store.keepInStep(listener) }.exceptionOrNull() }
        delay(500)
        calls("stop") { store.stop() }
        assertTrue(kept.await() is FieldlineException.Stopped)
    }

    private fun lists(store: Fieldline, record: RecordId) {
        val from = Instant.EPOCH
        val until = Instant.parse("2100-01-01T00:00:00Z")
        val columns = listOf("short_description", "location")
        val item = calls("today") { store.today(from, until, columns) }.single()
        val site = item.fields.reference("location")!!
        assertEquals(listOf(record), calls("byState") { store.byState("wm_task", 16, columns) }.map { it.record })
        assertEquals(listOf(record), calls("byTable") { store.byTable("wm_task", columns) }.map { it.record })
        assertEquals(listOf(record), calls("bySite") { store.bySite(site, columns) }.map { it.record })
        assertEquals(listOf(record), calls("referring") { store.referring(site, "wm_task", columns) }.map { it.record })
        assertEquals(listOf(record), calls("search") { store.search("pump", columns) }.map { it.record })
        assertEquals(0, calls("byAsset") { store.byAsset(site, columns) }.size)
        assertEquals(0, calls("vanStock") { store.vanStock() }.size)
        assertEquals(0, calls("leases") { store.leases() }.size)
        assertEquals(0, calls("resolveCode") { store.resolveCode("4006381333931") }.size)
    }

    private fun oneRecord(store: Fieldline, record: RecordId) {
        assertEquals("assigned", calls("record") { store.record(record) }!!.details!!.stage)
        assertTrue(calls("form") { store.form(record) }!!.isNotEmpty())
        assertEquals(0, calls("checklists") { store.checklists(record) }.size)
        assertEquals(0, calls("signatures") { store.signatures(record) }.size)
        assertEquals(0, calls("safety") { store.safety() }.size)
        assertEquals(0, calls("slaClocks") { store.slaClocks(record) }.size)
        val swap = Swap(record, "PLATE-1", "PLATE-2", null, false)
        calls("swap") { assertThrows(FieldlineException::class.java) { store.swap(swap) } }
        val note = Captured(Content.Bytes(byteArrayOf(1, 2, 3)), "note.bin", "application/octet-stream")
        val done = calls("execute") { store.execute(Command.AddFile(record, note)) }
        assertEquals(record, done.record)
        val file = store.record(record)!!.details!!.attachments.single()
        assertEquals(listOf<Byte>(1, 2, 3), calls("file") { store.file(file.blob) }!!.toList())
        calls("fetch") { runCatching { store.fetch(record, BlobHash("0".repeat(64))) } }
    }

    private fun standing(store: Fieldline) {
        assertEquals(Office.url, calls("enrolled") { store.enrolled() }!!.server)
        assertEquals(null, calls("salvage") { store.salvage() })
        assertEquals(0, calls("needsAttention") { store.needsAttention() }.records.size)
        val newest = calls("whatChanged") { store.whatChanged() }.maxOf { it.id }
        calls("lookedAt") { store.lookedAt(newest) }
        assertEquals(0, store.whatChanged().size)
        assertTrue(calls("outbox") { store.outbox() }.isNotEmpty())
        assertTrue(calls("syncStatus") { store.syncStatus() }.unsentEdits > 0uL)
        calls("setBudgetBytes") { store.setBudgetBytes(65_536u) }
        calls("networkIsBack") { store.networkIsBack() }
        calls("tidy") { store.tidy() }
    }

    private fun plans(store: Fieldline) {
        val (from, until) = Instant.now().let { it to it.plusSeconds(36_000) }
        calls("planDay") { store.planDay(from, until, HERE) }.use { plan ->
            val shown = plan.shown()
            assertEquals(1, shown.stops.size + shown.leftOut.size)
            calls("takeDay") { if (shown.mayTake) store.takeDay(plan) else runCatching { store.takeDay(plan) } }
        }
    }

    private fun ends(store: Fieldline) {
        calls("wipe") { store.wipe() }
        assertThrows(FieldlineException.OpenAgain::class.java) { store.outbox() }
    }

    private suspend fun fails(call: suspend () -> Unit) = assertTrue(runCatching { call() }.exceptionOrNull() is FieldlineException)
}
