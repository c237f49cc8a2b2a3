// Work that follows from a job: another visit, or a defect that was found.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.RecordId
import org.fieldline.core.SiteDeed

/** What was opened last. */
data class FollowUp(val opened: String? = null)

/** What may follow: another visit, and a defect. */
val FOLLOW_UPS = listOf("wm_task", "incident")

class FollowUpPresenter(private val core: CoreCalls, private val job: RecordId) : Presenter<FollowUp>(FollowUp()) {
    suspend fun open(table: String, what: String): Boolean = work {
        val done = core.execute(Command.OnSite(SiteDeed.FollowUp(job, table, what)))
        FollowUp(core.ask { it.record(done.record)?.item?.display })
    }
}
