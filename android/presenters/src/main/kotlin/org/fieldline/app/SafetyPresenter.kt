// Whether somebody who works alone has to be heard of, saying that one is safe, and calling for help.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.RecordId
import org.fieldline.core.SafetyTimer
import org.fieldline.core.SiteDeed
import java.time.Instant

data class Safety(val timers: List<SafetyTimer> = emptyList()) {
    /** When the phone has to ring, if it has to. */
    val ringsAt: Instant? get() = timers.minOfOrNull { it.dueAt }
}

class SafetyPresenter(private val core: CoreCalls, private val job: RecordId) : Presenter<Safety>(Safety()) {
    suspend fun show(): Boolean = work { read() }

    suspend fun safe(): Boolean = says(SiteDeed.Safe(job))

    suspend fun help(): Boolean = says(SiteDeed.Help(job))

    private suspend fun says(deed: SiteDeed): Boolean = work {
        core.execute(Command.OnSite(deed))
        read()
    }

    private suspend fun read() = core.ask { Safety(it.safety()) }
}
