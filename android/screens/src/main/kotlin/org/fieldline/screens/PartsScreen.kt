// The van, what this phone may take without asking, and what of it went into a job.

package org.fieldline.screens

import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.Part
import org.fieldline.app.Parts
import org.fieldline.app.PartsPresenter

@Composable
fun PartsScreen(presenter: PartsPresenter, scan: Scan) {
    var code by remember { mutableStateOf("") }
    val title = say(if (presenter.isOnJob) Word.PARTS else Word.VAN)
    Screen(presenter, title, "parts", { presenter.show() }, above = { WithoutCover(it.uncovered) }) { parts, does ->
        if (presenter.isOnJob) {
            item { CodeEntry(say(Word.CODE_OF_PART), code, "parts.code", scan, { does { presenter.useCode(it) } }) { code = it } }
            item { MainButton(say(Word.USE_IT), "parts.code.use", code.isNotBlank()) { does { if (presenter.useCode(code)) code = "" } } }
            offered(parts) { part -> does { presenter.use(part, 1) } }
            used(parts)
        }
        item { Heading(say(Word.VAN)) }
        if (parts.van.isEmpty()) item { Line(say(Word.VAN_EMPTY), "parts.van.none") }
        items(parts.van, { it.key }) { InStock(it, parts, "parts.van.${it.name}", presenter, does) }
        if (parts.elsewhere.isNotEmpty()) item { Heading(say(Word.HELD_ELSEWHERE)) }
        items(parts.elsewhere, { it.key }) { InStock(it, parts, "parts.elsewhere.${it.name}", presenter, does) }
    }
}

@Composable
private fun WithoutCover(part: Part?) {
    if (part != null) Told(say(Word.USED_UNCOVERED, part.name), "parts.uncovered", isUrgent = true)
}

/** What a code may stand for. */
private fun LazyListScope.offered(parts: Parts, use: (Part) -> Unit) {
    val offered = parts.offered
    if (offered != null) item { Told(say(if (offered.isEmpty()) Word.UNKNOWN_CODE else Word.WHICH_PART), "parts.offered") }
    items(offered.orEmpty(), { "offered" + it.key }) { part ->
        OtherButton(say(Word.USE_ONE, part.name), "parts.offered.${part.key}") { use(part) }
    }
}

private fun LazyListScope.used(parts: Parts) {
    item { Heading(say(Word.USED)) }
    if (parts.used.isEmpty()) item { Line(say(Word.NOTHING_USED), "parts.none") }
    items(parts.used, { "used" + it.model.hex }) { used -> Line("${used.quantity} × ${used.name}", "parts.used.${used.name}") }
}

@Composable
private fun InStock(part: Part, parts: Parts, tag: String, presenter: PartsPresenter, does: Does) = Together {
    val rights = part.rights.flatMap { right ->
        listOf(say(Word.MAY_TAKE, "${right.left}", "${right.granted}"), right.reservedFor?.let { say(Word.RESERVED_FOR, it) }.orEmpty())
    }
    Line(part.name, tag, listOf(part.place, part.serialNumber, say(Word.LEFT, part.left.toString())) + rights, part.left <= 0)
    if (presenter.isOnJob && part.model != null) {
        MainButton(say(Word.USE_ONE, part.name), "parts.use.${part.name}") { does { presenter.use(part, 1) } }
        OtherButton(say(Word.PUT_BACK_ONE, part.name), "parts.putback.${part.name}") { does { presenter.putBack(part, 1) } }
    }
    if (part.model != null && part.stockroom != null) Counting(part, presenter, does)
    parts.counted?.takeIf { it.part.key == part.key }?.let { Told(say(Word.COUNTED, it.quantity.toString()), "parts.counted") }
}

/** How many were found, asked for when somebody wants to say so. */
@Composable
private fun Counting(part: Part, presenter: PartsPresenter, does: Does) {
    var isOpen by remember { mutableStateOf(false) }
    var found by remember { mutableStateOf("") }
    var why by remember { mutableStateOf("") }
    if (!isOpen) return OtherButton(say(Word.COUNT_PART, part.name), "parts.count.${part.name}") { isOpen = true }
    val quantity = found.toLongOrNull()
    Entry(say(Word.COUNT_FOUND), found, "parts.count.found") { typed -> found = typed.filter(Char::isDigit) }
    Entry(say(Word.COUNT_WHY), why, "parts.count.why") { why = it }
    MainButton(say(Word.SAVE), "parts.count.save", quantity != null) {
        does {
            if (quantity != null && presenter.count(part, quantity, why.trim())) {
                isOpen = false
                found = ""
                why = ""
            }
        }
    }
}
