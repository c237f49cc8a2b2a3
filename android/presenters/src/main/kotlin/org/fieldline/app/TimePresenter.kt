// Time spent on a job, and meters read on it.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.Reading
import org.fieldline.core.RecordId
import org.fieldline.core.TimeEntry
import java.time.Duration
import java.time.Instant

data class TimeSpent(val entries: List<TimeEntry> = emptyList(), val readings: List<Reading> = emptyList()) {
    /** How much time of each kind. */
    val totals: Map<String, Duration>
        get() = entries.groupBy { it.kind }.mapValues { (_, entries) ->
            entries.fold(Duration.ZERO) { sum, entry -> sum + Duration.between(entry.startedAt, entry.endedAt) }
        }
}

/** The kinds of time the core knows. */
val TIME_KINDS = listOf("travel", "work", "break", "admin", "other")

class TimePresenter(private val core: CoreCalls, private val job: RecordId) : Presenter<TimeSpent>(TimeSpent()) {
    suspend fun show(): Boolean = work { read() }

    suspend fun log(kind: String, startedAt: Instant, endedAt: Instant): Boolean = work {
        core.execute(Command.LogTime(job, kind, startedAt, endedAt))
        read()
    }

    /** Enters the last minutes until now. */
    suspend fun logLast(kind: String, minutes: Long): Boolean {
        val now = core.clock.instant()
        return log(kind, now.minus(Duration.ofMinutes(minutes)), now)
    }

    suspend fun read(meter: String, value: String, unit: String): Boolean = work {
        core.execute(Command.ReadMeter(job, meter, value, unit))
        read()
    }

    private suspend fun read(): TimeSpent = core.ask { store ->
        val details = store.record(job)?.details
        TimeSpent(details?.timeEntries.orEmpty(), details?.readings.orEmpty())
    }
}
