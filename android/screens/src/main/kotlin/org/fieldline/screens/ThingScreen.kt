// An asset, a part, a stockroom or a place: what it is, the work on it and the assets that belong to it.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import org.fieldline.app.ThingPresenter
import org.fieldline.core.RecordId

@Composable
fun ThingScreen(presenter: ThingPresenter, open: (RecordId) -> Unit) {
    Screen(presenter, named("thing", presenter.thing.table), "thing", { presenter.show() }) { thing, _ ->
        item { Heading(thing.name.ifEmpty { say(Word.NOT_HERE) }) }
        items(thing.fields, { it.name }) { Line(it.shown, "thing.${it.name}", listOf(it.label)) }
        item { Heading(say(Word.WORK_ON_IT)) }
        items(thing.work, { it.record.sysId.hex }) { work ->
            Line(work.what, "thing.work.${work.number}", listOf("${work.number} · ${named("stage", work.stage)}")) { open(work.record) }
        }
        if (thing.assets.isNotEmpty()) item { Heading(say(Word.BELONGS_TO_IT)) }
        items(thing.assets, { it.record.sysId.hex }) { asset ->
            Line(asset.name, "thing.asset.${asset.name}", listOf(asset.about)) { open(asset.record) }
        }
    }
}
