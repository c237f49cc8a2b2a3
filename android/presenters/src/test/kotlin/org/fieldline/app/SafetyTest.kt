// Whoever works alone: when the phone has to ring for them, and when not any more.

package org.fieldline.app

import kotlinx.coroutines.delay
import org.fieldline.core.RecordId
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Duration

class SafetyTest {
    /** A job on which somebody has to be heard of every so many seconds. */
    private fun Technician.alone(seconds: Int): RecordId = Office.sends(this, "Open the tank", "check_in_interval" to "$seconds")

    private suspend fun Technician.goes(job: RecordId, vararg steps: String) {
        syncs()
        steps.forEach { step -> assertTrue(JobPresenter(core, job).also { it.show() }.take(step)) { step } }
    }

    @Test
    fun `nobody is watched on a job without a risk`() = told { tina ->
        val job = Office.sends(tina, "Change the pump")
        tina.goes(job, "accept", "start_travel")
        val safety = SafetyPresenter(tina.core)
        assertNull(safety.content.alarms)
        assertTrue(safety.show())
        assertEquals(emptyList<Alarm>(), safety.content.alarms)
        assertTrue(safety.help(job))
    }

    @Test
    fun `the phone rings when the next sign of life is due, each sign puts that off, and the end of the job ends it`() = told { tina ->
        val job = tina.alone(1_800)
        tina.goes(job, "accept", "start_travel")
        val safety = SafetyPresenter(tina.core).also { it.show() }
        val first = safety.content.alarms!!.single()
        val inMinutes = Duration.between(tina.core.clock.instant(), first.at).toMinutes()
        assertTrue(inMinutes in 28..30) { "in $inMinutes minutes" }
        assertEquals(Office.reads(job).getString("number"), first.job)
        assertFalse(first.hasRung)
        delay(10)
        assertTrue(safety.safe(job))
        assertTrue(safety.content.alarms!!.single().at > first.at)
        tina.goes(job, "arrive", "start_work", "complete")
        safety.show()
        assertEquals(emptyList<Alarm>(), safety.content.alarms)
    }

    @Test
    fun `an alarm that nobody answered has rung, and those of other jobs are still to come`() = told { tina ->
        val (soon, later) = tina.alone(1) to tina.alone(1_800)
        tina.goes(later, "accept", "start_travel")
        tina.goes(soon, "accept", "start_travel")
        delay(1_100)
        val safety = SafetyPresenter(tina.core).also { it.show() }
        assertEquals(listOf(true, false), safety.content.alarms!!.map { it.hasRung })
    }
}
