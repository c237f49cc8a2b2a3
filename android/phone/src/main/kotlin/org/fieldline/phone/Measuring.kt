// What a phone measures of itself: memory over many stores, and the time of the list looked at most.

package org.fieldline.phone

import org.fieldline.core.Fieldline
import org.fieldline.core.Platform
import org.fieldline.core.coreVersion
import org.json.JSONObject
import java.io.File
import java.time.Instant

/** Opens and drops a store many times; memory before and after, each with the garbage collected. */
fun cycles(platform: Platform, directory: String, count: Int): JSONObject {
    repeat(count / 10) { cycle(platform, directory) }
    val before = residentBytes()
    repeat(count) { cycle(platform, directory) }
    return JSONObject().put("before_bytes", before).put("after_bytes", residentBytes())
}

private fun cycle(platform: Platform, directory: String) {
    Fieldline.open(directory, platform).use { store ->
        coreVersion()
        store.syncStatus()
        store.outbox()
    }
}

private fun residentBytes(): Long {
    repeat(3) {
        System.gc()
        Thread.sleep(50)
    }
    val line = File("/proc/self/status").readLines().first { it.startsWith("VmRSS:") }
    return 1_024 * line.filter(Char::isDigit).toLong()
}

/** The median wall time of one `today`. */
fun timeToday(store: Fieldline, with: JSONObject): JSONObject {
    val (from, until) = listOf("from", "until").map { Instant.ofEpochMilli(with.getLong(it)) }
    val columns = with.optJSONArray("columns")?.map { it as String }.orEmpty()
    val repetitions = with.getInt("repetitions")
    val once = {
        val begun = System.nanoTime()
        store.today(from, until, columns)
        System.nanoTime() - begun
    }
    repeat(repetitions) { once() }
    return JSONObject().put("nanoseconds", List(repetitions) { once() }.sorted()[repetitions / 2])
}
