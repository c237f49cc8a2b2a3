// Whether somebody who works alone has to be heard of, saying that one is safe, and calling for help; and when the phone rings.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.RecordId
import org.fieldline.core.SafetyTimer
import org.fieldline.core.SiteDeed
import java.time.Instant

/** The moment at which the phone rings unless a person was heard of on a job, and whether that has passed. */
data class Alarm(val job: String, val at: Instant, val hasRung: Boolean)

/** Nothing is known before it was read. */
data class Safety(val timers: List<SafetyTimer>? = null) {
    /** Every alarm there is, the first at the front. What was set before and is not among them is taken back. */
    val alarms: List<Alarm>? get() = timers?.map { Alarm(it.task.display, it.dueAt, it.isOverdue) }
}

/** One for the whole app: every job that is watched is in it. */
class SafetyPresenter(private val core: CoreCalls) : Presenter<Safety>(Safety()) {
    suspend fun show(): Boolean = work { read() }

    suspend fun safe(job: RecordId): Boolean = says(SiteDeed.Safe(job))

    suspend fun help(job: RecordId): Boolean = says(SiteDeed.Help(job))

    private suspend fun says(deed: SiteDeed): Boolean = work {
        core.execute(Command.OnSite(deed))
        read()
    }

    private suspend fun read() = core.ask { Safety(it.safety()) }
}
