// The key of a database, wrapped by a key that never leaves the phone's Keystore and that only its owner's face, finger or code
// makes usable, for the length of a shift.

package org.fieldline.android

import android.app.KeyguardManager
import android.content.Context
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import org.fieldline.core.PlatformException
import org.fieldline.core.SecretStore
import java.io.File
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyStore
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val KEYSTORE = "AndroidKeyStore"
private const val CIPHER = "AES/GCM/NoPadding"
private const val SHIFT_SECONDS = 12 * 60 * 60
private const val TAG_BITS = 128
private const val NONCE_BYTES = 12

class KeystoreSecrets(private val context: Context) : SecretStore {
    // Left out of backups: on another phone nothing could unwrap it.
    private val folder = File(context.noBackupFilesDir, "secrets")

    override fun load(name: String): ByteArray? = answering {
        val file = File(folder, name)
        if (!file.exists()) return@answering null
        val kept = file.readBytes()
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.DECRYPT_MODE, wrappingKey(name), GCMParameterSpec(TAG_BITS, kept, 0, NONCE_BYTES))
        cipher.doFinal(kept, NONCE_BYTES, kept.size - NONCE_BYTES)
    }

    override fun save(name: String, secret: ByteArray) = answering {
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.ENCRYPT_MODE, wrappingKey(name))
        folder.mkdirs()
        val draft = File(folder, "$name.new")
        draft.outputStream().use {
            it.write(cipher.iv)
            it.write(cipher.doFinal(secret))
            it.fd.sync()
        }
        if (!draft.renameTo(File(folder, name))) throw IOException("$name could not be kept")
    }

    /** The wrapping key goes first: without it the file is worth nothing. */
    override fun remove(name: String) = answering {
        KeyStore.getInstance(KEYSTORE).apply { load(null) }.deleteEntry(name)
        File(folder, name).delete()
        Unit
    }

    private fun wrappingKey(name: String): SecretKey {
        val kept = KeyStore.getInstance(KEYSTORE).apply { load(null) }.getKey(name, null)
        if (kept != null) return kept as SecretKey
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KEYSTORE)
        generator.init(specification(name))
        return generator.generateKey()
    }

    private fun specification(name: String): KeyGenParameterSpec {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val builder = KeyGenParameterSpec.Builder(name, purposes).setKeySize(256)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM).setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        // A phone without a screen lock has nobody to ask.
        if (context.getSystemService(KeyguardManager::class.java).isDeviceSecure) builder.asksItsOwner()
        return builder.build()
    }

    private fun KeyGenParameterSpec.Builder.asksItsOwner() {
        setUserAuthenticationRequired(true)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val ways = KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL
            setUserAuthenticationParameters(SHIFT_SECONDS, ways)
        } else {
            @Suppress("DEPRECATION")
            setUserAuthenticationValidityDurationSeconds(SHIFT_SECONDS)
        }
    }
}

/** What fails on the phone's side is told in the words of the core. */
internal inline fun <T> answering(work: () -> T): T = try {
    work()
} catch (problem: GeneralSecurityException) {
    throw PlatformException.Failed(problem.message ?: problem.toString())
} catch (problem: IOException) {
    throw PlatformException.Failed(problem.message ?: problem.toString())
}
