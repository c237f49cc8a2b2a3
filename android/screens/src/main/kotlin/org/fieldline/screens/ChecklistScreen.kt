// The checklist of a job.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.ChecklistPresenter

@Composable
fun ChecklistScreen(presenter: ChecklistPresenter) {
    var question by remember { mutableStateOf("") }
    var answer by remember { mutableStateOf("") }
    Screen(presenter, say(Word.CHECKLIST), "checklist", { presenter.show() }) { list, does ->
        items(list.answers, { it.question }) { answered ->
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
