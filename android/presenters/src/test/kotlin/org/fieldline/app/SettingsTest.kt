// Signing in, what is remembered, and wiping.

package org.fieldline.app

import kotlinx.coroutines.runBlocking
import org.fieldline.core.FieldlineException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class SettingsTest {
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
}
