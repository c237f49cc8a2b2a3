// The van, and what of it went into a job.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import org.fieldline.app.PartsPresenter
import org.fieldline.app.VanPart

/** Without a job it shows the van only. */
@Composable
fun PartsScreen(presenter: PartsPresenter, isOnJob: Boolean) {
    Screen(presenter, say(if (isOnJob) Word.PARTS else Word.VAN), "parts", { presenter.show() }) { parts, does ->
        if (isOnJob) {
            item { Heading(say(Word.USED)) }
            if (parts.used.isEmpty()) item { Line(say(Word.NOTHING_USED), "parts.none") }
            items(parts.used, { "used" + it.model.hex }) { used -> Line("${used.quantity} × ${used.name}", "parts.used.${used.name}") }
        }
        item { Heading(say(Word.VAN)) }
        if (parts.van.isEmpty()) item { Line(say(Word.VAN_EMPTY), "parts.van.none") }
        parts.van.forEach { part ->
            item { Line(part.name, "parts.van.${part.name}", listOf(part.serialNumber, say(Word.LEFT, part.left.toString())), part.left <= 0) }
            if (isOnJob && part.model != null) item { Moves(part, { does { presenter.use(part, 1) } }) { does { presenter.putBack(part, 1) } } }
        }
    }
}

@Composable
private fun Moves(part: VanPart, use: () -> Unit, putBack: () -> Unit) {
    Together {
        MainButton(say(Word.USE_ONE, part.name), "parts.use.${part.name}", onClick = use)
        OtherButton(say(Word.PUT_BACK_ONE, part.name), "parts.putback.${part.name}", onClick = putBack)
    }
}
