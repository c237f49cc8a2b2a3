// How this phone stands with its server, told as it is: what is not there yet, what is kept aside, and since when.

package org.fieldline.app

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldline.core.FieldlineException
import org.fieldline.core.KioskVisit
import org.fieldline.core.SyncEvent
import org.fieldline.core.SyncListener
import org.fieldline.core.SyncStatus
import java.time.Instant

/** How far a first sync has come. */
data class Coming(val done: ULong, val total: ULong)

data class Standing(
    val isEnrolled: Boolean = false,
    val lastInStep: Instant? = null,
    val unsentEdits: ULong = 0u,
    val unsentFiles: ULong = 0u,
    val damagedFiles: ULong = 0u,
    val heldEdits: ULong = 0u,
    val wantedRecords: ULong = 0u,
    val handedOverAt: Instant? = null,
    val coming: Coming? = null,
    val triesAgainAt: Instant? = null,
    val lastVisit: KioskVisit? = null,
) {
    /** Whether everything made here is with the server. */
    val isAllSent: Boolean get() = isEnrolled && unsentEdits == 0uL && unsentFiles == 0uL && heldEdits == 0uL
}

class SyncPresenter(private val core: CoreCalls, private val scope: CoroutineScope) : Presenter<Standing>(Standing()), SyncListener {
    private val came = MutableStateFlow(0)

    /** Counts how often something came that screens may show. */
    val changes: StateFlow<Int> = came

    suspend fun show(): Boolean = work { read(it) }

    /** Exchanges everything now; what kept it from being done is told, and what is shown then is true all the same. */
    suspend fun sync(mostSeconds: UInt? = null): Boolean {
        // What the events told meanwhile is in the content of then, not in that of before.
        val synced = work {
            core.store.sync(this, mostSeconds)
            content
        }
        refresh()
        return synced
    }

    /** Keeps in step for as long as the caller waits. */
    suspend fun keepInStep(): Boolean = try {
        core.store.keepInStep(this)
        true
    } catch (_: FieldlineException.Stopped) {
        true
    } catch (problem: FieldlineException) {
        shown.update { it.copy(problem = problemOf(problem)) }
        false
    }

    /** Hands what is unsent to a depot's kiosk. */
    suspend fun visitKiosk(address: String): Boolean {
        val visited = work {
            val visit = core.store.visitKiosk(address)
            content.copy(lastVisit = visit)
        }
        refresh()
        return visited
    }

    suspend fun networkIsBack() = core.ask { it.networkIsBack() }

    /** Told on a thread of the core. */
    override fun onEvent(event: SyncEvent) {
        when (event) {
            is SyncEvent.Progress -> tell { it.copy(coming = Coming(event.done, event.total)) }
            is SyncEvent.Failed -> tell { it.copy(triesAgainAt = event.retryAt) }
            is SyncEvent.Synced -> tell { it.copy(coming = null, triesAgainAt = null) }
            is SyncEvent.Absorbed, is SyncEvent.Held -> came.update { it + 1 }
            is SyncEvent.NeedsSignIn -> stopped(Remedy.SIGN_IN)
            is SyncEvent.Revoked -> stopped(Remedy.ASK_DISPATCH)
            is SyncEvent.UpdateNeeded -> stopped(Remedy.UPDATE)
        }
        scope.launch { refresh() }
    }

    private fun tell(change: (Standing) -> Standing) = shown.update { it.copy(content = change(it.content)) }

    /** The words of a remedy are the screen's. */
    private fun stopped(remedy: Remedy) = shown.update { it.copy(problem = it.problem ?: Problem("", remedy)) }

    /** Reads the standing anew without taking away the problem shown. */
    private suspend fun refresh() {
        val status = try {
            core.ask { it.syncStatus() }
        } catch (problem: FieldlineException) {
            return shown.update { it.copy(problem = problemOf(problem)) }
        }
        tell { standing(it, status) }
    }

    private suspend fun read(before: Standing): Standing = standing(before, core.ask { it.syncStatus() })

    private fun standing(before: Standing, status: SyncStatus) = before.copy(
        isEnrolled = status.device != null,
        lastInStep = status.syncedAt,
        unsentEdits = status.unsentEdits,
        unsentFiles = status.unsentFiles,
        damagedFiles = status.damagedFiles,
        heldEdits = status.heldEdits,
        wantedRecords = status.wantedDocuments,
        handedOverAt = status.handedOverAt,
    )
}
