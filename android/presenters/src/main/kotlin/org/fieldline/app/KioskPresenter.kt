// A phone several people share: each has an encrypted store of their own, which a PIN or a badge opens.

package org.fieldline.app

import org.fieldline.core.Fieldline
import java.time.Clock
import java.time.Instant

/** Somebody who uses this phone. */
data class PhoneUser(val name: String, val directory: String)

data class SharedPhone(
    val users: List<PhoneUser> = emptyList(),
    val current: PhoneUser? = null,
    val waitUntil: Instant? = null,
    /** Whether people are added only with the administrator's PIN; whoever adds the first one sets it. */
    val hasAdministrator: Boolean = false,
    val administratorWaitsUntil: Instant? = null,
)

/** Opens a person's store; the platform knows folders and keys. */
fun interface Stores {
    fun open(directory: String): Fieldline
}

private const val ADMINISTRATOR = "shared.administrator"
private const val TRIES = 5

/**
 * Which store is open. A PIN keeps colleagues apart; what keeps thieves out is the key in the platform's key store, so a short
 * PIN with a pause after five wrong ones is enough. The administrator's is not mistyped by many a day: it has a pause after each.
 */
class KioskPresenter(private val preferences: Preferences, private val stores: Stores, clock: Clock) : Presenter<SharedPhone>(SharedPhone()) {
    private val entering = WrongTries(preferences, "shared", TRIES, clock)
    private val administering = WrongTries(preferences, ADMINISTRATOR, 1, clock)
    var store: Fieldline? = null
        private set

    suspend fun show(): Boolean = work(::read)

    /** Adds a person with the PIN or the badge they will come in with; `false` without the administrator's PIN. */
    suspend fun add(name: String, secret: String, administrator: String): Boolean {
        val may = administers(administrator)
        if (may) keep(name, secret)
        return work(::read) && may
    }

    /** Opens the store of whoever the PIN or the badge belongs to; `false` when it is not theirs. */
    suspend fun enter(user: PhoneUser, secret: String): Boolean {
        if (!entering.attempt { isOf(user, secret) }) {
            work(::read)
            return false
        }
        return work { before ->
            leave()
            store = stores.open(user.directory)
            read(before).copy(current = user)
        }
    }

    /** Closes the open store; nothing of it stays in memory. */
    suspend fun goOut(): Boolean = work { before ->
        leave()
        before.copy(current = null)
    }

    private fun leave() {
        store?.close()
        store = null
    }

    private fun administers(pin: String): Boolean {
        val known = preferences.read(ADMINISTRATOR)
        if (known != null) return administering.attempt { isKept(known, pin) }
        preferences.write(ADMINISTRATOR, kept(pin))
        return true
    }

    private fun keep(name: String, secret: String) {
        val directory = "user-" + hex(random(8))
        preferences.write("shared.$directory", "${kept(secret)}:$name")
        preferences.write("shared", (directories() + directory).joinToString(","))
    }

    private fun isOf(user: PhoneUser, secret: String): Boolean {
        val (salt, hash) = preferences.read("shared.${user.directory}")?.split(":", limit = 3) ?: return false
        return isKept("$salt:$hash", secret)
    }

    private fun directories() = preferences.read("shared").orEmpty().split(',').filter(String::isNotEmpty)

    private fun users() = directories().mapNotNull { directory ->
        preferences.read("shared.$directory")?.split(":", limit = 3)?.let { PhoneUser(it[2], directory) }
    }

    private fun read(before: SharedPhone) = SharedPhone(
        users = users(),
        current = before.current,
        waitUntil = entering.waitUntil(),
        hasAdministrator = preferences.read(ADMINISTRATOR) != null,
        administratorWaitsUntil = administering.waitUntil(),
    )
}
