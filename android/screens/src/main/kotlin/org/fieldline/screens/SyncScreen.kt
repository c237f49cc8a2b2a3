// How this phone stands with its server. It says what is known and nothing else.

package org.fieldline.screens

import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.Standing
import org.fieldline.app.SyncPresenter

@Composable
fun SyncScreen(presenter: SyncPresenter) {
    var kiosk by remember { mutableStateOf("") }
    Screen(presenter, say(Word.SYNC), "sync", { presenter.show() }) { standing, does ->
        standing(standing)
        item { MainButton(say(Word.SYNC_NOW), "sync.now", standing.isEnrolled) { does { presenter.sync() } } }
        item { Entry(say(Word.KIOSK_ADDRESS), kiosk, "sync.kiosk") { kiosk = it } }
        item { OtherButton(say(Word.VISIT_KIOSK), "sync.visit", kiosk.isNotBlank()) { does { presenter.visitKiosk(kiosk.trim()) } } }
        standing.lastVisit?.let { visit -> item { Line(named("visit", visit.name.lowercase()), "sync.visited") } }
    }
}

private fun LazyListScope.standing(standing: Standing) {
    item {
        val summary = when {
            !standing.isEnrolled -> Word.NOT_SIGNED_IN
            standing.isAllSent -> Word.ALL_SENT
            else -> Word.NOT_ALL_SENT
        }
        val last = standing.lastInStep?.let { say(Word.LAST_IN_STEP, moment(it)) } ?: say(Word.NEVER_IN_STEP)
        Line(say(summary), "sync.summary", listOf(last), isUrgent = !standing.isAllSent)
    }
    item { Line(standing.unsentEdits.toString(), "sync.unsent", listOf(say(Word.UNSENT_EDITS))) }
    item { Line(standing.unsentFiles.toString(), "sync.files", listOf(say(Word.UNSENT_FILES))) }
    item { Line(standing.heldEdits.toString(), "sync.held", listOf(say(Word.HELD_EDITS)), standing.heldEdits > 0uL) }
    if (standing.damagedFiles > 0uL) item { Line(standing.damagedFiles.toString(), "sync.damaged", listOf(say(Word.DAMAGED_FILES)), true) }
    if (standing.wantedRecords > 0uL) item { Line(standing.wantedRecords.toString(), "sync.wanted", listOf(say(Word.WANTED_RECORDS))) }
    standing.handedOverAt?.let { at -> item { Line(moment(at), "sync.handedover", listOf(say(Word.HANDED_OVER))) } }
    standing.coming?.let { item { Line(say(Word.COMING, it.done.toString(), it.total.toString()), "sync.coming") } }
    standing.triesAgainAt?.let { at -> item { Line(say(Word.TRIES_AGAIN, moment(at)), "sync.again") } }
}
