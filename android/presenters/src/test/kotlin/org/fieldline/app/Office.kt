// The office in tests: a real server on an empty directory, a dispatcher who works over REST, and technicians with phones.

package org.fieldline.app

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.fieldline.core.Fieldline
import org.fieldline.core.Locator
import org.fieldline.core.Place
import org.fieldline.core.Platform
import org.fieldline.core.RecordId
import org.fieldline.core.SecretStore
import org.fieldline.core.SysId
import org.json.JSONArray
import org.json.JSONObject
import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.time.Clock
import java.time.ZoneId
import java.util.Base64
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

const val PASSWORD = "a long enough password"

private const val DISPATCHER = "dora"
private const val ADMINISTRATOR = "admin"

/** Where every phone of the tests is. */
val HERE = Place(48.137, 11.575)

/** One server for all tests; each makes technicians of its own. */
object Office {
    private val binary = System.getenv("FIELDLINE_SYNC_SERVER_BIN")
        ?: throw IllegalStateException("FIELDLINE_SYNC_SERVER_BIN names the server's binary; `cargo xtask test` sets it")
    private val home: File = Files.createTempDirectory("office").toFile()
    private val http = HttpClient.newHttpClient()
    private val hired = AtomicInteger()
    val url = begin()

    init {
        hire(DISPATCHER, "wm_dispatcher", "wm_qualifier", "wm_manager")
    }

    private fun begin(): String {
        val command = ProcessBuilder(binary, "serve", "--listen", "127.0.0.1:0", "--data", home.path)
        command.environment() += mapOf("FIELDLINE_ADMIN_PASSWORD" to PASSWORD, "FIELDLINE_LOG" to "error")
        val process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start()
        Runtime.getRuntime().addShutdownHook(
            Thread {
                process.destroyForcibly().waitFor()
                home.deleteRecursively()
            },
        )
        val says = process.inputStream.bufferedReader()
        return generateSequence { says.readLine() }.first { it.startsWith("listening on ") }.removePrefix("listening on ")
    }

    /** Lets a person in. */
    fun hire(name: String, vararg roles: String): SysId {
        val words = listOf(binary, "user", "add", name, "--json", "--password-stdin", "--data", home.path) + roles.flatMap { listOf("--role", it) }
        val process = ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        process.outputStream.use { it.write(PASSWORD.toByteArray()) }
        val printed = process.inputStream.bufferedReader().readText()
        check(process.waitFor() == 0) { "$name was not let in: $printed" }
        return SysId(JSONObject(printed).getString("user"))
    }

    /** Hires a technician with a phone that is not signed in yet. */
    fun technician(): Technician {
        val name = "tech${hired.incrementAndGet()}"
        return Technician(name, hire(name, "wm_agent"))
    }

    /** The dispatcher creates a record. */
    fun creates(table: String, vararg fields: Pair<String, Any>): RecordId {
        val answer = asks("POST", "/api/now/table/$table", JSONObject(fields.toMap()))
        return RecordId(table, SysId((answer as JSONObject).getString("sys_id")))
    }

    /** The dispatcher sends a technician to a job. */
    fun sends(technician: Technician, what: String, vararg more: Pair<String, Any>): RecordId =
        creates("wm_task", "short_description" to what, "assigned_to" to technician.user.hex, "state" to "16", *more)

    fun changes(record: RecordId, vararg fields: Pair<String, Any>) {
        asks("PATCH", "/api/now/table/${record.table}/${record.sysId.hex}", JSONObject(fields.toMap()))
    }

    fun reads(record: RecordId): JSONObject =
        asks("GET", "/api/now/table/${record.table}/${record.sysId.hex}?sysparm_exclude_reference_link=true", null) as JSONObject

    /** The administrator gives a person other roles. */
    fun hasRoles(user: SysId, vararg roles: String) {
        asks("PATCH", "/api/now/table/sys_user/${user.hex}", JSONObject().put("roles", roles.joinToString(",")), ADMINISTRATOR)
    }

    private fun asks(method: String, path: String, body: JSONObject?, who: String = DISPATCHER): Any {
        val basic = Base64.getEncoder().encodeToString("$who:$PASSWORD".toByteArray())
        val content = body?.let { HttpRequest.BodyPublishers.ofString(it.toString()) } ?: HttpRequest.BodyPublishers.noBody()
        val request = HttpRequest.newBuilder(URI(url + path)).method(method, content).header("Authorization", "Basic $basic")
        val answer = http.send(request.header("Content-Type", "application/json").build(), HttpResponse.BodyHandlers.ofString())
        check(answer.statusCode() in 200..299) { "$method $path: ${answer.statusCode()} ${answer.body()}" }
        val result = JSONObject(answer.body()).get("result")
        return if (result is JSONArray) result else result as JSONObject
    }
}

/** A phone's key store that lives as long as the test. */
class SecretsInMemory : SecretStore {
    private val kept = ConcurrentHashMap<String, ByteArray>()

    override fun load(name: String): ByteArray? = kept[name]

    override fun save(name: String, secret: ByteArray) {
        kept[name] = secret
    }

    override fun remove(name: String) {
        kept.remove(name)
    }
}

/** Preferences that live as long as the test. */
class PreferencesInMemory : Preferences {
    private val kept = HashMap<String, String>()

    override fun read(name: String): String? = kept[name]

    override fun write(name: String, value: String?) {
        if (value == null) kept.remove(name) else kept[name] = value
    }
}

/** Somebody in the field, and their phone. */
class Technician(val name: String, val user: SysId) : AutoCloseable {
    private val folder: File = Files.createTempDirectory(name).toFile()
    private val locator = object : Locator {
        override fun here(): Place = HERE
    }
    val store: Fieldline = Fieldline.open(File(folder, "store").path, Platform(SecretsInMemory(), locator = locator))
    val core = CoreCalls(store, Dispatchers.IO, Clock.system(ZoneId.of("Europe/Berlin")))

    /** Signs in and gets everything there is. */
    suspend fun begins(): Technician {
        store.signIn(Office.url, name, PASSWORD, "phone of $name")
        syncs()
        return this
    }

    suspend fun syncs() {
        store.sync(null, null)
    }

    override fun close() {
        store.close()
        folder.deleteRecursively()
    }
}

/** A technician with a phone in step, for as long as a story lasts. */
fun told(story: suspend (Technician) -> Unit) = runBlocking { Office.technician().use { story(it.begins()) } }
