// The checklists of a job: what is asked, what was answered, what is missing, what is in dispute, and answering.

package org.fieldline.app

import org.fieldline.core.Answered
import org.fieldline.core.BlobHash
import org.fieldline.core.ChecklistView
import org.fieldline.core.Command
import org.fieldline.core.QuestionView
import org.fieldline.core.RecordId

data class Checklist(val checklists: List<ChecklistView> = emptyList(), val answers: List<Answered> = emptyList()) {
    val disputed: Int get() = answers.count { it.isDisputed }

    /** Answers that no checklist of the job asks for. */
    val others: List<Answered>
        get() {
            val asked = checklists.flatMap { list -> list.questions.flatMap { listOf(it.key, it.remarkKey) } }.toSet()
            return answers.filter { it.question !in asked }
        }
}

class ChecklistPresenter(private val core: CoreCalls, private val record: RecordId) : Presenter<Checklist>(Checklist()) {
    suspend fun show(): Boolean = work { read() }

    /** Answers a question, or answers it anew, which also settles a dispute. */
    suspend fun answer(question: String, answer: String, photo: BlobHash? = null): Boolean = work {
        core.execute(Command.Answer(record, question, answer, photo))
        read()
    }

    /** Takes a choice of several into the answer, or out of it. */
    suspend fun toggle(question: QuestionView, choice: String): Boolean {
        val chosen = chosen(question)
        return answer(question.key, (if (choice in chosen) chosen - choice else chosen + choice).joinToString(","))
    }

    private suspend fun read() = core.ask { Checklist(it.checklists(record), it.record(record)?.details?.answers.orEmpty()) }
}

/** The choices an answer names. */
fun chosen(question: QuestionView): List<String> =
    question.answer.orEmpty().split(',').map(String::trim).filter(String::isNotEmpty)
