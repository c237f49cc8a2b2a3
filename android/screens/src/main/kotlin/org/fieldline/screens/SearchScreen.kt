// Finding things by words, by a scanned code, or by leafing through.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.BROWSED_TABLES
import org.fieldline.app.SearchPresenter
import org.fieldline.core.RecordId

/** `scan` reads a code and tells it; nothing where the phone cannot. */
@Composable
fun SearchScreen(presenter: SearchPresenter, scan: ((String) -> Unit) -> Unit, open: (RecordId) -> Unit) {
    var text by remember { mutableStateOf(presenter.content.text) }
    Screen(presenter, say(Word.SEARCH), "search", {}) { search, does ->
        item { Entry(say(Word.SEARCH_WORDS), text, "search.text") { text = it } }
        item { MainButton(say(Word.SEARCH), "search.go", text.isNotBlank()) { does { presenter.search(text) } } }
        item {
            OtherButton(say(Word.SCAN), "search.scan") {
                scan { code ->
                    text = code
                    does { presenter.search(code) }
                }
            }
        }
        if (search.found.isEmpty() && (search.text.isNotEmpty() || search.table != null)) item { Line(say(Word.NOTHING_FOUND), "search.none") }
        items(search.found, { it.record.table + it.record.sysId.hex }) { found ->
            val stage = if (found.stage.isEmpty()) "" else named("stage", found.stage)
            Line(found.name, "search.found.${found.name}", listOf(found.about, stage)) { open(found.record) }
        }
        item { Heading(say(Word.BROWSE)) }
        items(BROWSED_TABLES, { it }) { table -> OtherButton(named("table", table), "search.browse.$table") { does { presenter.browse(table) } } }
    }
}
