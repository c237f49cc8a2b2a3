// What a platform brings, as a driver sets it: secrets in a file, a clock and a place that stand where they are put.

package org.fieldline.phone

import org.fieldline.core.CallObserver
import org.fieldline.core.FileSource
import org.fieldline.core.Locator
import org.fieldline.core.Place
import org.fieldline.core.Platform
import org.fieldline.core.PlatformClock
import org.fieldline.core.PlatformException
import org.fieldline.core.SecretStore
import org.json.JSONObject
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.time.Instant

/** Set by `platform`; clock and place may be moved while a store is open. */
class PhonePlatform {
    @Volatile private var secrets: File? = null

    @Volatile private var now: Instant? = null

    @Volatile private var here: Place? = null

    @Volatile private var http = "core"

    private val saboteur = Saboteur()

    /** Makes the next call of a function panic, before its work or after it. */
    fun panics(function: String, afterItsWork: Boolean) {
        saboteur.planned = function to afterItsWork
    }

    fun set(with: JSONObject) {
        with.optString("secrets").takeIf { it.isNotEmpty() }?.let { secrets = File(it) }
        now = if (with.isNull("clock_ms")) null else Instant.ofEpochMilli(with.getLong("clock_ms"))
        here = with.optJSONObject("here")?.let { Place(it.getDouble("latitude"), it.getDouble("longitude")) }
        http = with.optString("http", "core")
    }

    /** For the next `open`. */
    fun platform(): Platform {
        val file = secrets ?: throw IllegalStateException("`platform` names the file of the secrets before `open`")
        val clock = object : PlatformClock {
            override fun now(): Instant = now ?: Instant.now()
        }
        val locator = object : Locator {
            override fun here(): Place? = here
        }
        return Platform(SecretsIn(file), if (http == "platform") JavaHttp() else null, clock.takeIf { now != null }, locator, saboteur)
    }
}

/** Throws once, in the call that was planned: in the core that is a panic. */
private class Saboteur : CallObserver {
    @Volatile var planned: Pair<String, Boolean>? = null

    override fun begins(function: String) = strike(function to false)

    override fun ends(function: String) = strike(function to true)

    private fun strike(at: Pair<String, Boolean>) {
        if (at == planned) {
            planned = null
            throw IllegalStateException("a panic on purpose")
        }
    }
}

/** Secrets in a JSON file that a kill at any moment leaves whole. */
private class SecretsIn(private val file: File) : SecretStore {
    override fun load(name: String): ByteArray? = answering { kept().optString(name).takeIf { it.isNotEmpty() }?.let(::bytes) }

    override fun save(name: String, secret: ByteArray) = answering { write(kept().put(name, hex(secret))) }

    override fun remove(name: String) = answering { write(kept().apply { remove(name) }) }

    private fun kept() = if (file.exists()) JSONObject(file.readText()) else JSONObject()

    private fun write(secrets: JSONObject) {
        val draft = File(file.path + ".new")
        FileOutputStream(draft).use {
            it.write(secrets.toString().toByteArray())
            it.fd.sync()
        }
        Files.move(draft.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE)
    }
}

/** A captured file of the platform. */
class FileOf(private val path: String) : FileSource {
    override fun read(): ByteArray = answering { File(path).readBytes() }
}

/** What fails outside is told in the words of the bindings. */
internal inline fun <T> answering(work: () -> T): T = try {
    work()
} catch (problem: IOException) {
    throw PlatformException.Failed(problem.message ?: problem.toString())
}
