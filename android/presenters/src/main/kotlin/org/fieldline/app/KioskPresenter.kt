// A phone several people share: each has an encrypted store of their own, which a PIN or a badge opens.

package org.fieldline.app

import org.fieldline.core.Fieldline
import java.security.MessageDigest
import java.security.SecureRandom
import java.time.Clock
import java.time.Duration
import java.time.Instant
import javax.crypto.SecretKeyFactory
import javax.crypto.spec.PBEKeySpec

/** Somebody who uses this phone. */
data class PhoneUser(val name: String, val directory: String)

data class SharedPhone(val users: List<PhoneUser> = emptyList(), val current: PhoneUser? = null, val waitUntil: Instant? = null)

/** Opens a person's store; the platform knows folders and keys. */
fun interface Stores {
    fun open(directory: String): Fieldline
}

private const val TRIES = 5
private val PAUSE: Duration = Duration.ofMinutes(1)
private const val ROUNDS = 120_000
private const val HASH_BITS = 256

/**
 * Which store is open. A PIN keeps colleagues apart; what keeps thieves out is the key in the platform's key store, so a short
 * PIN with a pause after five wrong ones is enough.
 */
class KioskPresenter(private val preferences: Preferences, private val stores: Stores, private val clock: Clock) :
    Presenter<SharedPhone>(SharedPhone()) {
    var store: Fieldline? = null
        private set

    suspend fun show(): Boolean = work { it.copy(users = users(), waitUntil = waitUntil()) }

    /** Adds a person with the PIN or the badge they will come in with. */
    suspend fun add(name: String, secret: String): Boolean = work { before ->
        val directory = "user-" + hex(random(8))
        val salt = random(16)
        preferences.write("shared.$directory", "${hex(salt)}:${hex(hashed(secret, salt))}:$name")
        preferences.write("shared", (directories() + directory).joinToString(","))
        before.copy(users = users())
    }

    /** Opens the store of whoever the PIN or the badge belongs to; `false` when it is not theirs. */
    suspend fun enter(user: PhoneUser, secret: String): Boolean {
        if (waitUntil()?.isAfter(clock.instant()) == true) return false
        if (!isOf(user, secret)) {
            wrong()
            return false
        }
        preferences.write("shared.wrong", null)
        return work { before ->
            leave()
            store = stores.open(user.directory)
            before.copy(current = user, waitUntil = null)
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

    private suspend fun wrong() {
        val count = (preferences.read("shared.wrong")?.toIntOrNull() ?: 0) + 1
        preferences.write("shared.wrong", count.toString())
        if (count % TRIES != 0) return
        preferences.write("shared.wait_until", clock.instant().plus(PAUSE).toEpochMilli().toString())
        work { it.copy(waitUntil = waitUntil()) }
    }

    /** Kept outside memory, so that starting the app again does not shorten it. */
    private fun waitUntil() = preferences.read("shared.wait_until")?.toLongOrNull()?.let(Instant::ofEpochMilli)

    private fun isOf(user: PhoneUser, secret: String): Boolean {
        val (salt, hash) = preferences.read("shared.${user.directory}")?.split(":", limit = 3) ?: return false
        return MessageDigest.isEqual(hashed(secret, bytes(salt)), bytes(hash))
    }

    private fun directories() = preferences.read("shared").orEmpty().split(',').filter(String::isNotEmpty)

    private fun users() = directories().mapNotNull { directory ->
        preferences.read("shared.$directory")?.split(":", limit = 3)?.let { PhoneUser(it[2], directory) }
    }
}

private fun random(count: Int) = ByteArray(count).also { SecureRandom().nextBytes(it) }

private fun hashed(secret: String, salt: ByteArray): ByteArray =
    SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(PBEKeySpec(secret.toCharArray(), salt, ROUNDS, HASH_BITS)).encoded

private fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }

private fun bytes(hex: String) = hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray()
