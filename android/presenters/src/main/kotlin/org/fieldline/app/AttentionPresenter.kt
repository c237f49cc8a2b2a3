// What waits for a person's decision: edits the server keeps aside, values in doubt, questions in dispute.

package org.fieldline.app

import org.fieldline.core.Alternative
import org.fieldline.core.Answer
import org.fieldline.core.Command
import org.fieldline.core.Doubt
import org.fieldline.core.FieldChange
import org.fieldline.core.HeldEdit
import org.fieldline.core.RecordId

data class Attention(
    val held: List<HeldEdit> = emptyList(),
    val doubts: List<Doubt> = emptyList(),
    /** What people call the fields in doubt. */
    val labels: Map<String, String> = emptyMap(),
) {
    val count: Int get() = held.size + doubts.size
}

class AttentionPresenter(private val core: CoreCalls) : Presenter<Attention>(Attention()) {
    suspend fun show(): Boolean = work { read() }

    /** Gives up an edit the server keeps aside. */
    suspend fun discard(held: HeldEdit): Boolean = decide(Command.DiscardHeld(held.counter))

    /** Makes it anew on top of what is known now. */
    suspend fun resend(held: HeldEdit): Boolean = decide(Command.ResendHeld(held.counter))

    /** Keeps the value shown. */
    suspend fun keep(record: RecordId, field: String): Boolean = decide(Command.Confirm(record, field))

    /** Takes the other value. */
    suspend fun take(record: RecordId, other: Alternative): Boolean =
        decide(Command.SetFields(record, listOf(FieldChange(other.field, other.value))))

    /** Settles a question with one of its answers. */
    suspend fun settle(record: RecordId, question: String, answer: Answer): Boolean =
        decide(Command.Answer(record, question, answer.answer, answer.photo))

    private suspend fun decide(command: Command): Boolean = work {
        core.execute(command)
        read()
    }

    private suspend fun read(): Attention = core.ask { store ->
        val waiting = store.needsAttention()
        val forms = waiting.records.filter { it.alternatives.isNotEmpty() }.flatMap { store.form(it.item.record).orEmpty() }
        Attention(waiting.held, waiting.records, forms.associate { it.name to it.label })
    }
}
