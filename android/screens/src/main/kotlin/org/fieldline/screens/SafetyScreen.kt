// Working alone: when one has to be heard of, saying that one is safe, and calling for help.

package org.fieldline.screens

import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import org.fieldline.app.SafetyPresenter
import org.fieldline.core.RecordId
import org.fieldline.core.SafetyTimer

@Composable
fun SafetyScreen(presenter: SafetyPresenter, job: RecordId) {
    Screen(presenter, say(Word.SAFETY), "safety", { presenter.show() }) { safety, does ->
        item { MainButton(say(Word.I_AM_SAFE), "safety.safe") { does { presenter.safe(job) } } }
        item { OtherButton(say(Word.CALL_FOR_HELP), "safety.help") { does { presenter.help(job) } } }
        if (safety.timers?.isEmpty() == true) item { Line(say(Word.NOT_WATCHED), "safety.none") }
        itemsIndexed(safety.timers.orEmpty()) { index, timer ->
            Line(timer.task.display, "safety.timer.$index", about(timer), timer.isOverdue || timer.callsForHelp)
        }
    }
}

@Composable
private fun about(timer: SafetyTimer): List<String> = listOf(
    say(Word.HEARD_BY, moment(timer.dueAt)),
    if (timer.isOverdue) say(Word.OVERDUE) else "",
    if (timer.callsForHelp) say(Word.HELP_CALLED) else "",
)
