// A Keystore where there is no Android: its keys are in memory and open to everybody.

package org.fieldline.android

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStore
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

private const val NAME = "AndroidKeyStore"
private val KEYS = HashMap<String, SecretKey>()

class KeystoreInMemory : Provider(NAME, "1", "keys in memory") {
    init {
        put("KeyStore.$NAME", Keys::class.java.name)
        put("KeyGenerator.AES", Generator::class.java.name)
    }

    companion object {
        /** In the place of an older one. */
        fun install() {
            KEYS.clear()
            Security.removeProvider(NAME)
            Security.addProvider(KeystoreInMemory())
        }
    }

    class Generator : KeyGeneratorSpi() {
        private lateinit var wanted: KeyGenParameterSpec

        override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(size: Int, random: SecureRandom?) = throw UnsupportedOperationException()

        override fun engineInit(wanted: AlgorithmParameterSpec, random: SecureRandom?) {
            this.wanted = wanted as KeyGenParameterSpec
        }

        override fun engineGenerateKey(): SecretKey {
            val bytes = ByteArray(wanted.keySize / Byte.SIZE_BITS).also(SecureRandom()::nextBytes)
            return SecretKeySpec(bytes, "AES").also { KEYS[wanted.keystoreAlias] = it }
        }
    }

    class Keys : KeyStoreSpi() {
        override fun engineGetKey(alias: String, password: CharArray?): Key? = KEYS[alias]

        override fun engineDeleteEntry(alias: String) {
            KEYS.remove(alias)
        }

        override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

        override fun engineLoad(parameter: KeyStore.LoadStoreParameter?) = Unit

        override fun engineContainsAlias(alias: String) = alias in KEYS

        override fun engineIsKeyEntry(alias: String) = alias in KEYS

        override fun engineAliases() = Collections.enumeration(KEYS.keys)

        override fun engineSize() = KEYS.size

        override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit

        override fun engineIsCertificateEntry(alias: String) = false

        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

        override fun engineGetCertificate(alias: String): Certificate? = null

        override fun engineGetCertificateAlias(certificate: Certificate): String? = null

        override fun engineGetCreationDate(alias: String): Date? = null

        override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<Certificate>?) =
            throw UnsupportedOperationException()

        override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<Certificate>?) =
            throw UnsupportedOperationException()

        override fun engineSetCertificateEntry(alias: String, certificate: Certificate) = throw UnsupportedOperationException()
    }
}
