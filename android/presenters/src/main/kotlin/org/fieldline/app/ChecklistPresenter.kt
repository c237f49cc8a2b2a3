// The checklist of a job: what was answered, what is in dispute, and answering.

package org.fieldline.app

import org.fieldline.core.Answered
import org.fieldline.core.BlobHash
import org.fieldline.core.Command
import org.fieldline.core.RecordId

data class Checklist(val answers: List<Answered> = emptyList()) {
    val disputed: Int get() = answers.count { it.isDisputed }
}

class ChecklistPresenter(private val core: CoreCalls, private val record: RecordId) : Presenter<Checklist>(Checklist()) {
    suspend fun show(): Boolean = work { read() }

    /** Answers a question, or answers it anew, which also settles a dispute. */
    suspend fun answer(question: String, answer: String, photo: BlobHash? = null): Boolean = work {
        core.execute(Command.Answer(record, question, answer, photo))
        read()
    }

    private suspend fun read() = Checklist(core.ask { it.record(record)?.details?.answers.orEmpty() })
}
