// Settings: the server, signing in, the language, and wiping the store.

package org.fieldline.app

import kotlinx.coroutines.flow.update
import org.fieldline.core.Enrolled
import org.fieldline.core.Salvage

/** What the app remembers outside the encrypted store: nothing secret. */
interface Preferences {
    fun read(name: String): String?

    fun write(name: String, value: String?)
}

data class Settings(
    val server: String = "",
    val enrolled: Enrolled? = null,
    val salvage: Salvage? = null,
    val language: String = "",
    val isHighContrast: Boolean = false,
    val isWiped: Boolean = false,
)

class SettingsPresenter(private val core: CoreCalls, private val preferences: Preferences, private val deviceName: String) :
    Presenter<Settings>(Settings()) {
    suspend fun show(): Boolean = work { read() }

    suspend fun signIn(server: String, userName: String, password: String): Boolean = work {
        core.store.signIn(server.trim(), userName.trim(), password, deviceName)
        remember(server)
    }

    suspend fun enrol(server: String, invitation: String): Boolean = work {
        core.store.enrol(server.trim(), invitation.trim(), deviceName)
        remember(server)
    }

    fun speak(language: String) {
        preferences.write("language", language)
        shown.update { it.copy(content = it.content.copy(language = language)) }
    }

    fun contrast(isHigh: Boolean) {
        preferences.write("high_contrast", isHigh.toString())
        shown.update { it.copy(content = it.content.copy(isHighContrast = isHigh)) }
    }

    /** Removes everything, what was not sent too. The store is opened anew afterwards. */
    suspend fun wipe(): Boolean = work { before ->
        core.ask { it.wipe() }
        before.copy(enrolled = null, isWiped = true)
    }

    private suspend fun remember(server: String): Settings {
        preferences.write("server", server.trim())
        return read()
    }

    private suspend fun read(): Settings {
        val (enrolled, salvage) = core.ask { it.enrolled() to it.salvage() }
        return Settings(
            server = enrolled?.server ?: preferences.read("server").orEmpty(),
            enrolled = enrolled,
            salvage = salvage,
            language = preferences.read("language").orEmpty(),
            isHighContrast = preferences.read("high_contrast").toBoolean(),
        )
    }
}
