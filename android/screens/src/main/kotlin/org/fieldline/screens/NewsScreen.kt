// What others did since this person last looked.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import org.fieldline.app.NewsPresenter
import org.fieldline.core.RecordId

@Composable
fun NewsScreen(presenter: NewsPresenter, open: (RecordId) -> Unit) {
    Screen(presenter, say(Word.WHAT_CHANGED), "news", { presenter.show() }) { changed, does ->
        if (changed.news.isEmpty()) item { Line(say(Word.NOTHING_NEW), "news.none") }
        items(changed.news, { it.id.toString() }) { news ->
            val who = listOfNotNull(news.byName, moment(news.at)).joinToString(" · ")
            val happened = named("happened", news.happened.name.lowercase())
            Line(news.display, "news.${news.display}", listOf(happened, who) + news.deeds) { open(news.record) }
        }
        if (changed.news.isNotEmpty()) item { MainButton(say(Word.LOOKED_AT_ALL), "news.looked") { does { presenter.lookedAtAll() } } }
    }
}
