// A job from the first step to the last.

package org.fieldline.app

import org.fieldline.core.RecordId
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class JobPresenterTest {
    private suspend fun Technician.job(what: String = "Change the pump"): Pair<JobPresenter, RecordId> {
        val record = Office.sends(this, what)
        syncs()
        return JobPresenter(core, record).also { it.show() } to record
    }

    private suspend fun JobPresenter.steps(vararg names: String) = names.forEach { name ->
        val offer = content.steps.single { it.step == name }
        assertTrue(choose(offer)) { "$name: ${state.value.problem}" }
    }

    @Test
    fun `a job is travelled to, arrived at, begun and completed without a line`() = told { tina ->
        val (job, record) = tina.job()
        job.steps("accept", "start_travel", "arrive", "start_work", "complete")
        assertEquals("closed_complete", job.content.stage)
        assertTrue(job.content.unsent >= 5uL)
        tina.syncs()
        assertEquals("3", Office.reads(record).getString("state"))
        job.show()
        assertEquals(0uL, job.content.unsent)
    }

    @Test
    fun `a step that asks for a reason is taken only with one`() = told { tina ->
        val (job, _) = tina.job()
        job.steps("accept", "start_work")
        job.choose(job.content.steps.single { it.step == "pause" })
        assertEquals("pause", job.content.asked!!.offer.step)
        assertEquals("work_in_progress", job.content.stage)
        assertFalse(job.take("pause"))
        assertEquals(Remedy.CORRECT, job.state.value.problem!!.remedy)
        assertTrue(job.take("pause", reason = "waiting_for_parts", comment = "We wait for the seal"))
        assertEquals("paused", job.content.stage)
        assertEquals("We wait for the seal", job.content.comments.single().text)
    }

    @Test
    fun `a chosen step can be let be`() = told { tina ->
        val (job, _) = tina.job()
        job.choose(job.content.steps.single { it.step == "reject" })
        assertNotNull(job.content.asked)
        job.leave()
        assertEquals(null, job.content.asked)
        assertEquals("assigned", job.content.stage)
    }

    @Test
    fun `comments and notes are in the journals they were written to`() = told { tina ->
        val (job, _) = tina.job()
        assertTrue(job.comment("The pump leaks"))
        assertTrue(job.note("Bring a seal"))
        assertEquals(listOf("The pump leaks"), job.content.comments.map { it.text })
        assertEquals(listOf("Bring a seal"), job.content.workNotes.map { it.text })
        assertTrue(job.content.history.isNotEmpty())
    }

    @Test
    fun `what was typed into a field is in the form, and what cannot be is told with the field`() = told { tina ->
        val (job, _) = tina.job()
        assertTrue(job.change(mapOf("close_notes" to "Seal changed", "estimated_work_duration" to "1800")))
        assertEquals("Seal changed", job.content.form.single { it.name == "close_notes" }.shown)
        assertFalse(job.change(mapOf("estimated_work_duration" to "half an hour")))
        assertEquals(Remedy.CORRECT, job.state.value.problem!!.remedy)
        job.understood()
        assertEquals(null, job.state.value.problem)
    }

    @Test
    fun `what only dispatch may write is refused before it is sent`() = told { tina ->
        val (job, _) = tina.job()
        assertFalse(job.content.form.single { it.name == "window_start" }.mayWrite)
        assertFalse(job.change(mapOf("window_start" to "2026-11-28 08:30")))
        assertEquals(Remedy.ASK_DISPATCH, job.state.value.problem!!.remedy)
        assertEquals("window_start", job.state.value.problem!!.subject)
    }

    @Test
    fun `a job that is not on this phone says so`() = told { tina ->
        val other = Office.creates("wm_task", "short_description" to "Not hers")
        val job = JobPresenter(tina.core, other)
        assertTrue(job.show())
        assertFalse(job.content.isHere)
    }
}
