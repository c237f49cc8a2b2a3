// What a technician is told about the state of their work.

package org.fieldline.app

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.fieldline.core.KioskVisit
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class SyncPresenterTest {
    private fun presenter(of: Technician) = SyncPresenter(of.core, CoroutineScope(Dispatchers.Default))

    @Test
    fun `before anybody signed in nothing is claimed to be sent`() = runBlocking {
        Office.technician().use { tina ->
            val sync = presenter(tina)
            sync.show()
            assertFalse(sync.content.isEnrolled)
            assertFalse(sync.content.isAllSent)
            assertNull(sync.content.lastInStep)
            assertFalse(sync.sync())
            assertEquals(Remedy.SIGN_IN, sync.state.value.problem!!.remedy)
        }
    }

    @Test
    fun `work waits visibly until the server has it`() = told { tina ->
        val record = Office.sends(tina, "Change the pump")
        val sync = presenter(tina)
        assertTrue(sync.sync())
        assertTrue(sync.content.isAllSent)
        val before = assertNotNull(sync.content.lastInStep).let { sync.content.lastInStep!! }
        JobPresenter(tina.core, record).comment("The pump leaks")
        sync.show()
        assertEquals(1uL, sync.content.unsentEdits)
        assertFalse(sync.content.isAllSent)
        assertTrue(sync.sync())
        assertTrue(sync.content.isAllSent)
        assertTrue(sync.content.lastInStep!! >= before)
    }

    @Test
    fun `a server that cannot be reached is told with its remedy, and the work stays counted`() = runBlocking {
        Office.technician().use { tina ->
            val settings = SettingsPresenter(tina.core, PreferencesInMemory(), "phone")
            assertFalse(settings.signIn("http://127.0.0.1:9", "tina", PASSWORD))
            assertEquals(Remedy.WAIT_FOR_LINE, settings.state.value.problem!!.remedy)
        }
    }

    @Test
    fun `a phone that keeps in step hears of a new job by itself, and stops when told`() = told { tina ->
        val sync = presenter(tina)
        val today = TodayPresenter(tina.core)
        coroutineScope {
            val kept = async(Dispatchers.Default) { sync.keepInStep() }
            Office.sends(tina, "Come at once")
            withTimeout(30_000) {
                sync.state.first { today.show() && today.content.jobs.any { it.what == "Come at once" } }
            }
            tina.store.stop()
            assertTrue(kept.await())
        }
    }

    @Test
    fun `where there is no kiosk the person is told`() = told { tina ->
        val sync = presenter(tina)
        assertTrue(sync.visitKiosk("http://127.0.0.1:9"))
        assertEquals(KioskVisit.NO_KIOSK, sync.content.lastVisit)
    }
}
