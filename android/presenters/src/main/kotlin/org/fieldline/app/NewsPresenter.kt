// What others did since this person last looked.

package org.fieldline.app

import org.fieldline.core.News

data class WhatChanged(val news: List<News> = emptyList())

class NewsPresenter(private val core: CoreCalls) : Presenter<WhatChanged>(WhatChanged()) {
    suspend fun show(): Boolean = work { read() }

    /** Says that everything shown was read; what came since stays. */
    suspend fun lookedAtAll(): Boolean = work { before ->
        before.news.maxOfOrNull { it.id }?.let { newest -> core.ask { it.lookedAt(newest) } }
        read()
    }

    private suspend fun read() = WhatChanged(core.ask { it.whatChanged() })
}
