// PINs and badges: what is kept of them, and how long wrong ones are waited for.

package org.fieldline.app

import java.security.MessageDigest
import java.security.SecureRandom
import java.time.Clock
import java.time.Duration
import java.time.Instant
import javax.crypto.SecretKeyFactory
import javax.crypto.spec.PBEKeySpec

private const val ROUNDS = 120_000
private const val HASH_BITS = 256
private const val SALT_BYTES = 16
private const val MOST_DOUBLINGS = 10
private val PAUSE: Duration = Duration.ofMinutes(1)

/** What is kept of a PIN: enough to know it again, not enough to read it. */
internal fun kept(pin: String): String {
    val salt = random(SALT_BYTES)
    return "${hex(salt)}:${hex(hashed(pin, salt))}"
}

/** Whether a PIN is the one that was kept. */
internal fun isKept(kept: String, pin: String): Boolean {
    val (salt, hash) = kept.split(":")
    return MessageDigest.isEqual(hashed(pin, bytes(salt)), bytes(hash))
}

internal fun random(count: Int) = ByteArray(count).also { SecureRandom().nextBytes(it) }

internal fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }

private fun hashed(pin: String, salt: ByteArray): ByteArray =
    SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(PBEKeySpec(pin.toCharArray(), salt, ROUNDS, HASH_BITS)).encoded

private fun bytes(hex: String) = hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

/**
 * Wrong tries in a row: each time there were `tries` more of them, there is a pause, twice as long as the one before. They are kept
 * outside memory, so that starting the app again shortens nothing.
 */
internal class WrongTries(private val preferences: Preferences, private val name: String, private val tries: Int, private val clock: Clock) {
    /** When the next try counts; nothing when it counts now. */
    fun waitUntil(): Instant? =
        preferences.read("$name.wait_until")?.toLongOrNull()?.let(Instant::ofEpochMilli)?.takeIf { it.isAfter(clock.instant()) }

    /** Tries, unless it is too early: then even the right PIN is not looked at. */
    fun attempt(isRight: () -> Boolean): Boolean {
        if (waitUntil() != null) return false
        return isRight().also { if (it) preferences.write("$name.wrong", null) else wrong() }
    }

    private fun wrong() {
        val count = (preferences.read("$name.wrong")?.toIntOrNull() ?: 0) + 1
        preferences.write("$name.wrong", count.toString())
        if (count % tries != 0) return
        val pause = PAUSE.multipliedBy(1L shl (count / tries - 1).coerceAtMost(MOST_DOUBLINGS))
        preferences.write("$name.wait_until", clock.instant().plus(pause).toEpochMilli().toString())
    }
}
