// Who uses this shared phone now.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.KioskPresenter
import org.fieldline.app.PhoneUser
import org.fieldline.app.SharedPhone

@Composable
fun KioskScreen(presenter: KioskPresenter, entered: (PhoneUser) -> Unit) {
    var chosen by remember { mutableStateOf<PhoneUser?>(null) }
    var pin by remember { mutableStateOf("") }
    var isWrong by remember { mutableStateOf(false) }
    Screen(presenter, say(Word.WHO_ARE_YOU), "kiosk", { presenter.show() }) { phone, does ->
        items(phone.users, { it.directory }) { user -> Chosen(user.name, "kiosk.user.${user.name}", chosen == user) { chosen = user } }
        item { Entry(say(Word.PIN), pin, "kiosk.pin", isSecret = true) { pin = it } }
        if (isWrong) item { Line(phone.waitUntil?.let { say(Word.WAIT_UNTIL, moment(it)) } ?: say(Word.WRONG_PIN), "kiosk.wrong", isUrgent = true) }
        item {
            MainButton(say(Word.ENTER), "kiosk.enter", chosen != null && pin.isNotBlank()) {
                val user = chosen
                val given = pin
                pin = ""
                if (user != null) {
                    does {
                        isWrong = !presenter.enter(user, given)
                        if (!isWrong) entered(user)
                    }
                }
            }
        }
        item { NewUser(presenter, phone, does) }
    }
}

@Composable
private fun NewUser(presenter: KioskPresenter, phone: SharedPhone, does: Does) {
    var name by remember { mutableStateOf("") }
    var pin by remember { mutableStateOf("") }
    var administrator by remember { mutableStateOf("") }
    Together {
        Heading(say(Word.NEW_USER))
        Entry(say(Word.NAME), name, "kiosk.name") { name = it }
        Entry(say(Word.PIN), pin, "kiosk.newpin", isSecret = true) { pin = it }
        val asked = if (phone.hasAdministrator) Word.ADMINISTRATOR_PIN else Word.SET_ADMINISTRATOR_PIN
        Entry(say(asked), administrator, "kiosk.administrator", isSecret = true) { administrator = it }
        phone.administratorWaitsUntil?.let { Line(say(Word.WRONG_ADMINISTRATOR_PIN, moment(it)), "kiosk.refused", isUrgent = true) }
        OtherButton(say(Word.ADD_USER), "kiosk.add", listOf(name, pin, administrator).all(String::isNotBlank)) {
            val given = administrator
            administrator = ""
            does {
                if (presenter.add(name.trim(), pin, given)) {
                    name = ""
                    pin = ""
                }
            }
        }
    }
}
