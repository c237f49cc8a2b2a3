// The checklists of a job: each question with what answers it, and what is still missing on top.

package org.fieldline.screens

import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.ChecklistPresenter
import org.fieldline.app.chosen
import org.fieldline.core.ChecklistView
import org.fieldline.core.QuestionView

@Composable
fun ChecklistScreen(presenter: ChecklistPresenter) {
    var question by remember { mutableStateOf("") }
    var answer by remember { mutableStateOf("") }
    Screen(presenter, say(Word.CHECKLIST), "checklist", { presenter.show() }) { list, does ->
        list.checklists.forEach { checklist -> asked(checklist, presenter, does) }
        items(list.others, { it.question }) { answered ->
            val others = if (answered.isDisputed) answered.others.map { say(Word.OTHER_ANSWER, it.answer) } else emptyList()
            Line(answered.question, "checklist.${answered.question}", listOf(answered.latest.answer) + others, answered.isDisputed) {
                question = answered.question
                answer = answered.latest.answer
            }
        }
        item { Entry(say(Word.QUESTION), question, "checklist.question") { question = it } }
        item { Entry(say(Word.ANSWER), answer, "checklist.answer") { answer = it } }
        items(listOf(Word.YES, Word.NO), { it.name }) { word ->
            val said = say(word)
            OtherButton(said, "checklist.${word.name.lowercase()}") { answer = said }
        }
        item {
            MainButton(say(Word.SAVE), "checklist.save", question.isNotBlank() && answer.isNotBlank()) {
                does {
                    if (presenter.answer(question.trim(), answer.trim())) {
                        question = ""
                        answer = ""
                    }
                }
            }
        }
    }
}

private fun LazyListScope.asked(checklist: ChecklistView, presenter: ChecklistPresenter, does: Does) {
    item {
        val score = if (checklist.mostPoints > 0) say(Word.SCORE, checklist.points.toString(), checklist.mostPoints.toString()) else ""
        val stands = if (checklist.missing.isEmpty()) "" else say(Word.STILL_MISSING, checklist.missing.size.toString())
        Line(checklist.title, "checklist.of.${checklist.key}", listOf(stands, score), checklist.missing.isNotEmpty())
    }
    itemsIndexed(checklist.missing) { index, missing -> Line(missing.problem, "checklist.missing.${checklist.key}.$index", isUrgent = true) }
    items(checklist.questions, { it.key }) { question ->
        if (question.kind == "section") {
            Heading(question.text)
        } else {
            Together {
                Line(question.text, "checklist.${question.key}", about(question), question.isDisputed || question.problem != null)
                Answering(question, { does { presenter.toggle(question, it) } }) { does { presenter.answer(question.key, it) } }
                if (question.warning != null) Remark(question) { does { presenter.answer(question.remarkKey, it) } }
            }
        }
    }
}

@Composable
private fun about(question: QuestionView): List<String> = listOf(
    if (question.isMandatory) say(Word.MANDATORY) else "",
    question.answer?.let { "$it ${question.unit.orEmpty()}".trim() }.orEmpty(),
    question.problem.orEmpty(),
    question.warning.orEmpty(),
    question.remark.orEmpty(),
)

/** What a question is answered with; pictures are taken on the screen of photos and answered with there. */
@Composable
private fun Answering(question: QuestionView, toggle: (String) -> Unit, answer: (String) -> Unit) {
    when (question.kind) {
        "yes_no" -> listOf("yes" to Word.YES, "no" to Word.NO).forEach { (value, word) ->
            Chosen(say(word), "checklist.${question.key}.$value", question.answer == value) { answer(value) }
        }
        "choice" -> question.choices.forEach { choice ->
            Chosen(choice.label, "checklist.${question.key}.${choice.value}", question.answer == choice.value) { answer(choice.value) }
        }
        "multi" -> question.choices.forEach { choice ->
            OnOff(choice.label, "checklist.${question.key}.${choice.value}", choice.value in chosen(question)) { toggle(choice.value) }
        }
        "rating" -> (1L..(question.most ?: 0L)).forEach { stars ->
            Chosen("★".repeat(stars.toInt()), "checklist.${question.key}.$stars", question.answer == stars.toString()) { answer(stars.toString()) }
        }
        "photo", "signature" -> Unit
        else -> Typed(question.unit ?: say(Word.ANSWER), question.answer.orEmpty(), "checklist.${question.key}", answer)
    }
}

@Composable
private fun Remark(question: QuestionView, write: (String) -> Unit) =
    Typed(say(Word.REMARK), question.remark.orEmpty(), "checklist.${question.remarkKey}", write)

@Composable
private fun Typed(label: String, before: String, tag: String, save: (String) -> Unit) {
    var text by remember(tag, before) { mutableStateOf(before) }
    Entry(label, text, "$tag.entry") { text = it }
    if (text != before) MainButton(say(Word.SAVE), "$tag.save", text.isNotBlank()) { save(text.trim()) }
}
