// Opening work that follows from a job.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.FOLLOW_UPS
import org.fieldline.app.FollowUpPresenter

@Composable
fun FollowUpScreen(presenter: FollowUpPresenter) {
    var what by remember { mutableStateOf("") }
    Screen(presenter, say(Word.FOLLOW_UP), "follow_up", {}) { followUp, does ->
        followUp.opened?.let { number -> item { Line(number, "follow_up.opened") } }
        item { Entry(say(Word.WHAT_TO_DO), what, "follow_up.what") { what = it } }
        items(FOLLOW_UPS, { it }) { table ->
            MainButton(named("follow", table), "follow_up.$table", what.isNotBlank()) {
                does { if (presenter.open(table, what.trim())) what = "" }
            }
        }
    }
}
