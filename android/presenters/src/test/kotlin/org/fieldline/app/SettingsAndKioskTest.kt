// Signing in, wiping, and a phone that several people share.

package org.fieldline.app

import kotlinx.coroutines.runBlocking
import org.fieldline.core.Fieldline
import org.fieldline.core.FieldlineException
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

class SettingsAndKioskTest {
    @Test
    fun `a wrong password is told with its remedy, the right one signs in`() = runBlocking {
        Office.technician().use { tina ->
            val settings = SettingsPresenter(tina.core, PreferencesInMemory(), "phone")
            assertFalse(settings.signIn(Office.url, tina.name, "wrong"))
            assertEquals(Remedy.SIGN_IN, settings.state.value.problem!!.remedy)
            assertTrue(settings.signIn(" ${Office.url} ", tina.name, PASSWORD))
            assertEquals(tina.user, settings.content.enrolled!!.user)
            assertEquals(Office.url, settings.content.server)
        }
    }

    @Test
    fun `language and contrast are remembered`() = told { tina ->
        val preferences = PreferencesInMemory()
        SettingsPresenter(tina.core, preferences, "phone").run {
            speak("de")
            contrast(true)
        }
        val again = SettingsPresenter(tina.core, preferences, "phone").also { it.show() }
        assertEquals("de", again.content.language)
        assertTrue(again.content.isHighContrast)
    }

    @Test
    fun `after wiping nothing can be read`() = told { tina ->
        val settings = SettingsPresenter(tina.core, PreferencesInMemory(), "phone")
        assertTrue(settings.wipe())
        assertTrue(settings.content.isWiped)
        assertThrows(FieldlineException.OpenAgain::class.java) { tina.store.outbox() }
    }

    @Test
    fun `everybody opens their own store with their own PIN`() = shared { phone, _ ->
        assertTrue(phone.add("Tina", "2580"))
        assertTrue(phone.add("Mia", "badge 04:A2"))
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
    fun `five wrong PINs cost a minute, and a restart does not shorten it`() = shared { phone, clock ->
        phone.add("Tina", "2580")
        val tina = phone.content.users.single()
        repeat(5) { assertFalse(phone.enter(tina, "0000")) }
        assertFalse(phone.enter(tina, "2580"))
        assertNotNull(phone.content.waitUntil)
        clock.now = clock.now.plus(Duration.ofSeconds(61))
        assertTrue(phone.enter(tina, "2580"))
    }

    private class SetClock(var now: Instant = Instant.parse("2026-11-28T08:00:00Z")) : Clock() {
        override fun getZone(): ZoneId = ZoneOffset.UTC

        override fun withZone(zone: ZoneId): Clock = this

        override fun instant(): Instant = now
    }

    private fun shared(story: suspend (KioskPresenter, SetClock) -> Unit) = runBlocking {
        val folder: File = Files.createTempDirectory("shared").toFile()
        val secrets = SecretsInMemory()
        val clock = SetClock()
        val phone = KioskPresenter(PreferencesInMemory(), { Fieldline.open(File(folder, it).path, Platform(secrets)) }, clock)
        story(phone, clock)
        phone.goOut()
        folder.deleteRecursively()
        Unit
    }
}
