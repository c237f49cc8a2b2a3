// A phone that several people share.

package org.fieldline.app

import kotlinx.coroutines.runBlocking
import org.fieldline.core.Fieldline
import org.fieldline.core.Platform
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.nio.file.Files
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset

private const val ADMINISTRATOR = "1357"

class KioskTest {
    @Test
    fun `everybody opens their own store with their own PIN`() = shared { phone, _ ->
        assertTrue(phone.add("Tina", "2580", ADMINISTRATOR))
        assertTrue(phone.add("Mia", "badge 04:A2", ADMINISTRATOR))
        val (tina, mia) = phone.content.users
        assertFalse(phone.enter(tina, "badge 04:A2"))
        assertNull(phone.store)
        assertTrue(phone.enter(tina, "2580"))
        val hers = phone.store!!
        assertTrue(phone.enter(mia, "badge 04:A2"))
        assertNotNull(phone.store)
        assertEquals("Mia", phone.content.current!!.name)
        assertThrows(IllegalStateException::class.java) { hers.outbox() }
        phone.goOut()
        assertNull(phone.store)
    }

    @Test
    fun `five wrong PINs cost a minute, five more cost two`() = shared { phone, clock ->
        phone.add("Tina", "2580", ADMINISTRATOR)
        val tina = phone.content.users.single()
        repeat(5) { assertFalse(phone.enter(tina, "0000")) }
        assertFalse(phone.enter(tina, "2580"))
        assertNotNull(phone.content.waitUntil)
        clock.passes(61)
        repeat(5) { assertFalse(phone.enter(tina, "0000")) }
        clock.passes(61)
        assertFalse(phone.enter(tina, "2580"))
        clock.passes(60)
        assertTrue(phone.enter(tina, "2580"))
    }

    @Test
    fun `whoever adds the first person sets the administrator's PIN, and it is asked for ever after`() = shared { phone, _ ->
        phone.show()
        assertFalse(phone.content.hasAdministrator)
        assertTrue(phone.add("Tina", "2580", ADMINISTRATOR))
        assertTrue(phone.content.hasAdministrator)
        assertFalse(phone.add("Eve", "1111", "2580"))
        assertEquals(listOf("Tina"), phone.content.users.map { it.name })
    }

    @Test
    fun `each wrong PIN of the administrator costs twice the pause of the one before, up to a limit`() = shared { phone, clock ->
        phone.add("Tina", "2580", ADMINISTRATOR)
        repeat(14) { number ->
            assertFalse(phone.add("Eve", "1111", "0000"))
            val pause = Duration.between(clock.now, phone.content.administratorWaitsUntil)
            assertEquals(1L shl minOf(number, 10), pause.toMinutes())
            clock.passes(pause.seconds - 1)
            assertFalse(phone.add("Mia", "4711", ADMINISTRATOR))
            clock.passes(1)
        }
        assertTrue(phone.add("Mia", "4711", ADMINISTRATOR))
        assertNull(phone.content.administratorWaitsUntil)
        assertFalse(phone.add("Eve", "1111", "0000"))
        assertEquals(Duration.ofMinutes(1), Duration.between(clock.now, phone.content.administratorWaitsUntil))
    }

    @Test
    fun `starting the app again shortens no pause, and people come in meanwhile`() = shared { phone, clock ->
        phone.add("Tina", "2580", ADMINISTRATOR)
        phone.add("Eve", "1111", "0000")
        val again = KioskPresenter(preferences, stores, clock).also { it.show() }
        assertEquals(phone.content.administratorWaitsUntil, again.content.administratorWaitsUntil)
        assertFalse(again.add("Mia", "4711", ADMINISTRATOR))
        assertTrue(again.enter(again.content.users.single(), "2580"))
        again.goOut()
    }

    private class SetClock(var now: Instant = Instant.parse("2026-11-28T08:00:00Z")) : Clock() {
        override fun getZone(): ZoneId = ZoneOffset.UTC

        override fun withZone(zone: ZoneId): Clock = this

        override fun instant(): Instant = now

        fun passes(seconds: Long) {
            now = now.plusSeconds(seconds)
        }
    }

    private val folder: File = Files.createTempDirectory("shared").toFile()
    private val secrets = SecretsInMemory()
    private val preferences = PreferencesInMemory()
    private val stores = Stores { Fieldline.open(File(folder, it).path, Platform(secrets)) }

    private fun shared(story: suspend (KioskPresenter, SetClock) -> Unit) = runBlocking {
        val clock = SetClock()
        val phone = KioskPresenter(preferences, stores, clock)
        story(phone, clock)
        phone.goOut()
        folder.deleteRecursively()
        Unit
    }
}
