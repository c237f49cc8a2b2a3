// What waits for a decision, each with its ways out.

package org.fieldline.screens

import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import org.fieldline.app.AttentionPresenter
import org.fieldline.app.text
import org.fieldline.core.Alternative
import org.fieldline.core.Doubt
import org.fieldline.core.FieldValue
import org.fieldline.core.HeldEdit
import org.fieldline.core.RecordId

@Composable
fun AttentionScreen(presenter: AttentionPresenter, open: (RecordId) -> Unit) {
    Screen(presenter, say(Word.ATTENTION), "attention", { presenter.show() }) { attention, does ->
        if (attention.count == 0) item { Line(say(Word.NOTHING_WAITS), "attention.none") }
        items(attention.held, { "held" + it.counter }) { held ->
            Held(held, { does { presenter.resend(held) } }) { does { presenter.discard(held) } }
        }
        attention.doubts.forEach { doubt -> doubt(doubt, attention.labels, presenter, does, open) }
    }
}

@Composable
private fun Held(held: HeldEdit, resend: () -> Unit, discard: () -> Unit) {
    Together {
        Line(held.display, "attention.held.${held.counter}", held.deeds + held.detail + moment(held.madeAt), isUrgent = true)
        MainButton(say(Word.SEND_AGAIN), "attention.resend.${held.counter}", onClick = resend)
        OtherButton(say(Word.GIVE_UP), "attention.discard.${held.counter}", onClick = discard)
    }
}

private fun LazyListScope.doubt(doubt: Doubt, labels: Map<String, String>, presenter: AttentionPresenter, does: Does, open: (RecordId) -> Unit) {
    val record = doubt.item.record
    val number = doubt.item.display
    val what = doubt.item.fields.text("short_description").ifEmpty { number }
    item {
        val refused = doubt.refused.map { "${say(Word.STEP_NOT_FOLLOWED)}: ${named("step", it.step)}" }
        Line(what, "attention.$number", listOf(number) + refused, isUrgent = true) { open(record) }
    }
    itemsIndexed(doubt.alternatives) { index, other ->
        val keep = { does { presenter.keep(record, other.field) } }
        Alternatives(other, labels[other.field] ?: other.field, doubt, "attention.$number.$index", keep) { does { presenter.take(record, other) } }
    }
    doubt.disputed.forEach { answered ->
        item { Heading(answered.question) }
        itemsIndexed(listOf(answered.latest) + answered.others) { index, answer ->
            OtherButton(answer.answer, "attention.$number.${answered.question}.$index") { does { presenter.settle(record, answered.question, answer) } }
        }
    }
}

@Composable
private fun Alternatives(other: Alternative, label: String, doubt: Doubt, tag: String, keep: () -> Unit, take: () -> Unit) {
    val now = doubt.item.fields.firstOrNull { it.name == other.field }?.value
    Together {
        Heading(label)
        MainButton(say(Word.KEEP_VALUE, shown(now)), "$tag.keep", onClick = keep)
        OtherButton(say(Word.TAKE_VALUE, shown(other.value)), "$tag.take", onClick = take)
    }
}

/** A value in the words of the screen. */
@Composable
private fun shown(value: FieldValue?): String = when (value) {
    null -> say(Word.EMPTY)
    is FieldValue.Text -> value.text
    is FieldValue.Integer -> value.number.toString()
    is FieldValue.Decimal -> value.digits
    is FieldValue.Boolean -> say(if (value.yes) Word.YES else Word.NO)
    is FieldValue.Time -> moment(value.at)
    is FieldValue.Reference -> value.sysId.hex
    is FieldValue.References -> value.sysIds.joinToString { it.hex }
}
