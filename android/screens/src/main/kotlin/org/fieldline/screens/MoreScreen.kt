// The screens that are not needed every minute, with the standing of the sync on top of them.

package org.fieldline.screens

import androidx.compose.runtime.Composable
import org.fieldline.app.SyncPresenter

@Composable
fun MoreScreen(sync: SyncPresenter, changePerson: (() -> Unit)?, to: (Where) -> Unit) {
    Screen(sync, say(Word.MORE), "more", { sync.show() }) { standing, _ ->
        item {
            val summary = if (standing.isAllSent) Word.ALL_SENT else Word.NOT_ALL_SENT
            Line(say(Word.SYNC), "more.sync", listOf(say(summary)), isUrgent = !standing.isAllSent) { to(Where.Sync) }
        }
        item { Line(say(Word.VAN), "more.van") { to(Where.Van) } }
        item { Line(say(Word.SETTINGS), "more.settings") { to(Where.Settings) } }
        if (changePerson != null) item { Line(say(Word.SHARED_PHONE), "more.person", onClick = changePerson) }
    }
}
