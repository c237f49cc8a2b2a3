// Finding things by a code, by words, or by leafing through.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.BROWSED_TABLES
import org.fieldline.app.SearchPresenter
import org.fieldline.app.THING_TABLES
import org.fieldline.core.RecordId

@Composable
fun SearchScreen(presenter: SearchPresenter, scan: Scan, open: (RecordId) -> Unit) {
    var text by remember { mutableStateOf(presenter.content.text) }
    Screen(presenter, say(Word.SEARCH), "search", {}) { search, does ->
        val find = { words: String ->
            text = words
            does { if (presenter.search(words)) presenter.content.meant?.let(open) }
        }
        item { CodeEntry(say(Word.SEARCH_WORDS), text, "search.text", scan, find) { text = it } }
        item { MainButton(say(Word.SEARCH), "search.go", text.isNotBlank()) { find(text) } }
        if (search.found.isEmpty() && (search.text.isNotEmpty() || search.table != null)) item { Line(say(Word.NOTHING_FOUND), "search.none") }
        items(search.found, { it.record.table + it.record.sysId.hex }) { found ->
            val stage = if (found.stage.isEmpty()) "" else named("stage", found.stage)
            val kind = if (found.record.table in THING_TABLES) named("thing", found.record.table) else ""
            Line(found.name, "search.found.${found.name}", listOf(kind, found.about, stage)) { open(found.record) }
        }
        item { Heading(say(Word.BROWSE)) }
        items(BROWSED_TABLES, { it }) { table -> OtherButton(named("table", table), "search.browse.$table") { does { presenter.browse(table) } } }
    }
}
