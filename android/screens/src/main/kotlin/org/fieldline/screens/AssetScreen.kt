// An asset and the work done on it.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import org.fieldline.app.AssetPresenter
import org.fieldline.core.RecordId

@Composable
fun AssetScreen(presenter: AssetPresenter, open: (RecordId) -> Unit) {
    Screen(presenter, say(Word.ASSET), "asset", { presenter.show() }) { asset, _ ->
        item { Heading(asset.name.ifEmpty { say(Word.NOT_HERE) }) }
        items(asset.fields, { it.name }) { Line(it.shown, "asset.${it.name}", listOf(it.label)) }
        item { Heading(say(Word.WORK_ON_IT)) }
        items(asset.work, { it.record.sysId.hex }) { work ->
            Line(work.what, "asset.work.${work.number}", listOf("${work.number} · ${named("stage", work.stage)}")) { open(work.record) }
        }
    }
}
