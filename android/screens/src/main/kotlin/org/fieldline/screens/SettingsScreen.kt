// Signing in, the language, contrast, and wiping the store, which asks twice.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.Settings
import org.fieldline.app.SettingsPresenter

/** The languages of the app, each in its own words; the empty one follows the phone. */
val LANGUAGES = listOf("" to "", "en" to "English", "de" to "Deutsch", "es" to "Español", "ar" to "العربية")

@Composable
fun SettingsScreen(presenter: SettingsPresenter, signedIn: () -> Unit, wiped: () -> Unit, spoken: () -> Unit) {
    var isWiping by remember { mutableStateOf(false) }
    Screen(presenter, say(Word.SETTINGS), "settings", { presenter.show() }) { settings, does ->
        settings.salvage?.let { item { Line(it.message, "settings.salvage", isUrgent = true) } }
        item {
            SignIn(settings) { server, user, password -> does { if (presenter.signIn(server, user, password)) signedIn() } }
        }
        item { Heading(say(Word.LANGUAGE)) }
        items(LANGUAGES, { "language" + it.first }) { (code, name) ->
            Chosen(name.ifEmpty { say(Word.LANGUAGE_OF_PHONE) }, "settings.language.$code", settings.language == code) {
                presenter.speak(code)
                spoken()
            }
        }
        item { OnOff(say(Word.HIGH_CONTRAST), "settings.contrast", settings.isHighContrast, presenter::contrast) }
        item { Heading(say(Word.WIPE)) }
        if (!isWiping) item { OtherButton(say(Word.WIPE), "settings.wipe") { isWiping = true } }
        if (isWiping) {
            item { Line(say(Word.WIPE_WARNING), "settings.wipe.warning", isUrgent = true) }
            item { MainButton(say(Word.WIPE_REALLY), "settings.wipe.really") { does { if (presenter.wipe()) wiped() } } }
            item { OtherButton(say(Word.LEAVE_IT), "settings.wipe.leave") { isWiping = false } }
        }
    }
}

@Composable
private fun SignIn(settings: Settings, signIn: (String, String, String) -> Unit) {
    var server by remember(settings.server) { mutableStateOf(settings.server) }
    var user by remember { mutableStateOf("") }
    var password by remember { mutableStateOf("") }
    Together {
        Heading(say(if (settings.enrolled == null) Word.SIGN_IN else Word.SIGN_IN_AGAIN))
        Entry(say(Word.SERVER), server, "settings.server") { server = it }
        Entry(say(Word.USER_NAME), user, "settings.user") { user = it }
        Entry(say(Word.PASSWORD), password, "settings.password", isSecret = true) { password = it }
        MainButton(say(Word.SIGN_IN), "settings.signin", listOf(server, user, password).all(String::isNotBlank)) {
            signIn(server, user, password)
            password = ""
        }
    }
}
