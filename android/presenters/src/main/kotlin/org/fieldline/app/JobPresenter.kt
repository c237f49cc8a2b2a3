// One job: where it stands, the steps that lead on with the reasons and fields they ask for, its form, its journals and its history.

package org.fieldline.app

import org.fieldline.core.Command
import org.fieldline.core.FieldChange
import org.fieldline.core.FormField
import org.fieldline.core.HistoryLine
import org.fieldline.core.Note
import org.fieldline.core.RecordId
import org.fieldline.core.RecordView
import org.fieldline.core.RefusedStep
import org.fieldline.core.SlaClock
import org.fieldline.core.StepOffer

/** A step a person has chosen and that asks for something first. */
data class StepAsked(val offer: StepOffer, val fields: List<FormField>)

data class Job(
    val record: RecordId,
    val number: String = "",
    val what: String = "",
    /** The name and the address of the site. */
    val where: String = "",
    val stage: String = "",
    val unsent: ULong = 0u,
    val attention: UInt = 0u,
    val isEditable: Boolean = false,
    val asset: RecordId? = null,
    val clocks: List<SlaClock> = emptyList(),
    val steps: List<StepOffer> = emptyList(),
    val asked: StepAsked? = null,
    val form: List<FormField> = emptyList(),
    val comments: List<Note> = emptyList(),
    val workNotes: List<Note> = emptyList(),
    val history: List<HistoryLine> = emptyList(),
    val refused: List<RefusedStep> = emptyList(),
    /** Whether the record is here at all; it may have gone to somebody else. */
    val isHere: Boolean = false,
) {
    /** What is told to people outside: which job it is, what is to be done, and where. */
    val asText: String get() = listOf(number, what, where).filter(String::isNotEmpty).joinToString("\n")
}

class JobPresenter(private val core: CoreCalls, private val record: RecordId) : Presenter<Job>(Job(record)) {
    suspend fun show(): Boolean = work { read() }

    /** Takes a step, or asks first for what it needs. */
    suspend fun choose(offer: StepOffer): Boolean {
        if (offer.reasons.isEmpty() && offer.missing.isEmpty()) return take(offer.step).also { if (!it) askWhyElsewhere(offer) }
        return work { job -> job.copy(asked = StepAsked(offer, job.form.filter { it.name in offer.missing })) }
    }

    /** Whoever arrives elsewhere than at the site is asked why, and not kept from arriving. */
    private fun askWhyElsewhere(offer: StepOffer) {
        val why = content.form.firstOrNull { it.name == shown.value.problem?.subject && it.name == "check_in_reason" } ?: return
        shown.value = shown.value.copy(content = content.copy(asked = StepAsked(offer, listOf(why))))
    }

    /** Lets a chosen step be. */
    suspend fun leave(): Boolean = work { it.copy(asked = null) }

    /** Takes a step, with what a person gave for it by the names of the fields. */
    suspend fun take(step: String, reason: String? = null, given: Map<String, String> = emptyMap(), comment: String? = null): Boolean {
        val fields = changes(given) ?: return false
        return work {
            core.execute(Command.Transition(record, step, reason, fields, comment?.takeIf(String::isNotBlank)))
            read()
        }
    }

    /** Writes what was typed into fields. */
    suspend fun change(given: Map<String, String>): Boolean {
        val fields = changes(given) ?: return false
        return work {
            core.execute(Command.SetFields(record, fields))
            read()
        }
    }

    /** Writes to the journal customers can read. */
    suspend fun comment(text: String): Boolean = work {
        core.execute(Command.Comment(record, text))
        read()
    }

    /** Writes to the internal journal. */
    suspend fun note(text: String): Boolean = work {
        core.execute(Command.WorkNote(record, text))
        read()
    }

    /** What was typed as values; a text no field of its kind can hold is told as a problem with that field. */
    private fun changes(given: Map<String, String>): List<FieldChange>? = given.map { (name, text) ->
        val field = content.form.firstOrNull { it.name == name } ?: return refuse(name, text)
        typed(name, field.kind, text, core.clock.zone) ?: return refuse(field.label, text)
    }

    private fun refuse(field: String, text: String): Nothing? {
        shown.value = shown.value.copy(problem = Problem("$field: $text", Remedy.CORRECT, record, field))
        return null
    }

    private suspend fun read(): Job = core.ask { store ->
        val view = store.record(record) ?: return@ask Job(record)
        val site = view.item.fields.reference("location")?.let { store.record(RecordId("cmn_location", it)) }
        job(view, store.form(record).orEmpty(), site?.item?.address().orEmpty()).copy(clocks = store.slaClocks(record))
    }

    private fun job(view: RecordView, form: List<FormField>, where: String): Job = Job(
        record = record,
        number = view.item.display,
        what = view.item.fields.text("short_description"),
        where = where,
        stage = view.item.stage.orEmpty(),
        unsent = view.item.unsent,
        attention = view.item.attention,
        isEditable = view.item.isEditable,
        asset = view.item.fields.reference("asset")?.let { RecordId("alm_asset", it) },
        steps = view.steps,
        form = form,
        comments = view.details?.comments.orEmpty(),
        workNotes = view.details?.workNotes.orEmpty(),
        history = view.history,
        refused = view.details?.refused.orEmpty(),
        isHere = true,
    )
}
