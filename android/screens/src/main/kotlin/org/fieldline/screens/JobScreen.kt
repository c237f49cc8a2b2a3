// One job: its next steps first, then its form, its journals, its history and what else belongs to it.

package org.fieldline.screens

import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateMapOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.Job
import org.fieldline.app.JobPresenter
import org.fieldline.app.StepAsked
import org.fieldline.core.ClockStage
import org.fieldline.core.FormField
import org.fieldline.core.SlaClock

/** What else is kept on a job. */
enum class JobPart { CHECKLIST, SAFETY, PARTS, SWAP, PHOTOS, DOCUMENTS, SIGNATURE, TIME, EXPENSES, FOLLOW_UP, ASSET }

/** `stepped` is told when a step may have been taken. */
@Composable
fun JobScreen(presenter: JobPresenter, share: (String) -> Unit, stepped: suspend () -> Unit, open: (JobPart) -> Unit) {
    var comment by remember { mutableStateOf("") }
    Screen(presenter, say(Word.JOB), "job", { presenter.show() }) { job, does ->
        if (!job.isHere) item { Line(say(Word.NOT_HERE), "job.nothere", isUrgent = true) } else head(job)
        val asked = job.asked
        if (asked == null) {
            items(job.steps, { it.step }) { offer ->
                MainButton(named("step", offer.step), "job.step.${offer.step}") {
                    does {
                        presenter.choose(offer)
                        stepped()
                    }
                }
            }
        } else {
            item {
                Asked(asked, { does { presenter.leave() } }) { reason, given, word ->
                    does {
                        presenter.take(asked.offer.step, reason, given, word)
                        stepped()
                    }
                }
            }
        }
        items(JobPart.entries, { it.name }) { part ->
            OtherButton(say(Word.valueOf(part.name)), "job.${part.name.lowercase()}") { open(part) }
        }
        if (job.isHere) item { OtherButton(say(Word.SHARE), "job.share") { share(job.asText) } }
        item { Entry(say(Word.COMMENT_FOR_CUSTOMER), comment, "job.comment") { comment = it } }
        item { OtherButton(say(Word.WRITE), "job.write", comment.isNotBlank()) { does { if (presenter.comment(comment)) comment = "" } } }
        journals(job)
        fields(job.form) { field, text -> does { presenter.change(mapOf(field to text)) } }
    }
}

private fun LazyListScope.head(job: Job) {
    item {
        val about = listOf(
            "${job.number} · ${named("stage", job.stage)}",
            if (job.unsent > 0uL) say(Word.UNSENT, job.unsent.toString()) else "",
            if (job.isEditable) "" else say(Word.NOT_EDITABLE),
        )
        Line(job.what, "job.head", about, isUrgent = job.attention > 0u)
    }
    itemsIndexed(job.clocks) { index, clock -> Line(clock.name, "job.clock.$index", told(clock), isUrgent = clock.hasBreached) }
    itemsIndexed(job.refused) { index, refused ->
        Line(named("step", refused.step), "job.refused.$index", listOf(say(Word.STEP_NOT_FOLLOWED)), isUrgent = true)
    }
}

/** How long it may still take, and how sure that is. */
@Composable
private fun told(clock: SlaClock): List<String> {
    val due = clock.breachesAt
    val stands = when {
        clock.stage != ClockStage.IN_PROGRESS -> named("clock", clock.stage.name)
        due == null -> ""
        else -> say(Word.DUE_BY, moment(due))
    }
    return listOf(
        stands,
        if (clock.hasBreached) say(Word.OVERDUE) else "",
        if (clock.restsOnUnsent) say(Word.BY_UNSENT) else "",
        clock.asOf?.let { say(Word.AS_OF, moment(it)) }.orEmpty(),
    )
}

/** What a step asks for before it is taken. */
@Composable
private fun Asked(asked: StepAsked, leave: () -> Unit, take: (String?, Map<String, String>, String?) -> Unit) {
    var reason by remember(asked) { mutableStateOf<String?>(null) }
    var comment by remember(asked) { mutableStateOf("") }
    val given = remember(asked) { mutableStateMapOf<String, String>() }
    Together {
        Heading(named("step", asked.offer.step))
        asked.offer.reasons.forEach { choice -> Chosen(named("reason", choice), "job.reason.$choice", reason == choice) { reason = choice } }
        asked.fields.forEach { field -> Entry(field.label, given[field.name].orEmpty(), "job.asked.${field.name}") { given[field.name] = it } }
        Entry(say(Word.COMMENT_FOR_CUSTOMER), comment, "job.asked.comment") { comment = it }
        val isComplete = (asked.offer.reasons.isEmpty() || reason != null) && asked.fields.all { !given[it.name].isNullOrBlank() }
        MainButton(say(Word.DO_IT), "job.take", isComplete) { take(reason, given.toMap(), comment) }
        OtherButton(say(Word.LEAVE_IT), "job.leave", onClick = leave)
    }
}

/** What this person may write can be written; the rest is told where it holds something. */
private fun LazyListScope.fields(form: List<FormField>, change: (String, String) -> Unit) {
    item { Heading(say(Word.DETAILS)) }
    items(form.filter { it.mayWrite || it.shown.isNotEmpty() }, { "field" + it.name }) { field ->
        if (field.mayWrite) Written(field, change) else Line(field.shown, "job.field.${field.name}", listOf(field.label))
    }
}

@Composable
private fun Written(field: FormField, change: (String, String) -> Unit) {
    var isOpen by remember(field.name) { mutableStateOf(false) }
    var text by remember(field.name, field.shown) { mutableStateOf(field.shown) }
    if (!isOpen) return Line(field.shown.ifEmpty { "–" }, "job.field.${field.name}", listOf(field.label)) { isOpen = true }
    val done = { value: String ->
        isOpen = false
        change(field.name, value)
    }
    Together {
        if (field.choices.isEmpty()) {
            Entry(field.label, text, "job.field.${field.name}.entry") { text = it }
            MainButton(say(Word.SAVE), "job.field.${field.name}.save") { done(text) }
        }
        field.choices.forEach { Chosen(it.label, "job.field.${field.name}.${it.value}", it.label == field.shown) { done(it.value) } }
    }
}

private fun LazyListScope.journals(job: Job) {
    item { Heading(say(Word.JOURNAL)) }
    itemsIndexed(job.comments) { index, note -> Line(note.text, "job.comment.$index", listOf(moment(note.origin.at), say(Word.FOR_CUSTOMER))) }
    itemsIndexed(job.workNotes) { index, note -> Line(note.text, "job.note.$index", listOf(moment(note.origin.at), say(Word.INTERNAL))) }
    item { Heading(say(Word.HISTORY)) }
    itemsIndexed(job.history.asReversed()) { index, line ->
        Line(moment(line.origin.at), "job.history.$index", line.deeds.map { "${it.subject}: ${it.detail}" })
    }
}
