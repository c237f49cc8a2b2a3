// What changed, and what needs a decision.

package org.fieldline.app

import org.fieldline.core.FieldValue
import org.fieldline.core.Happened
import org.fieldline.core.RecordId
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class NewsAndAttentionTest {
    @Test
    fun `a job that came is news until it was looked at`() = told { tina ->
        Office.sends(tina, "Change the pump")
        tina.syncs()
        val news = NewsPresenter(tina.core)
        news.show()
        val came = news.content.news.first { it.record.table == "wm_task" }
        assertEquals(Happened.CAME, came.happened)
        assertTrue(news.lookedAtAll())
        assertEquals(emptyList<Any>(), news.content.news)
    }

    @Test
    fun `a value that two people wrote without knowing of each other waits to be confirmed`() = told { tina ->
        val record = disputed(tina, mine = "48 kPa", theirs = "50 kPa")
        val attention = AttentionPresenter(tina.core)
        attention.show()
        val doubt = attention.content.doubts.single { it.item.record == record }
        assertEquals("description", doubt.alternatives.single().field)
        assertTrue(attention.keep(record, "description"))
        assertEquals(0, attention.content.count)
        tina.syncs()
        attention.show()
        assertEquals(0, attention.content.count)
    }

    @Test
    fun `the other value can be taken instead`() = told { tina ->
        val record = disputed(tina, mine = "48 kPa", theirs = "50 kPa")
        val attention = AttentionPresenter(tina.core)
        attention.show()
        val other = attention.content.doubts.single { it.item.record == record }.alternatives.single()
        assertTrue(attention.take(record, other))
        assertEquals(0, attention.content.count)
        tina.syncs()
        val taken = (other.value as FieldValue.Text).text
        assertEquals(taken, Office.reads(record).getString("description"))
    }

    @Test
    fun `an edit the server keeps aside can be sent again or given up`() = told { tina ->
        Office.hasRoles(tina.user, "wm_agent", "wm_dispatcher")
        val record = Office.sends(tina, "Inspect the boiler")
        tina.syncs()
        Office.hasRoles(tina.user, "wm_agent")
        val job = JobPresenter(tina.core, record).also { it.show() }
        listOf("needs_crew", "is_fixed_window").forEach { assertTrue(job.change(mapOf(it to "true"))) }
        tina.syncs()
        val attention = AttentionPresenter(tina.core)
        attention.show()
        val (second, first) = attention.content.held.filter { it.record == record }
        assertTrue("wm_dispatcher" in first.detail) { first.detail }
        Office.hasRoles(tina.user, "wm_agent", "wm_dispatcher")
        assertTrue(attention.resend(first))
        assertTrue(attention.discard(second))
        assertEquals(0, attention.content.held.size)
        tina.syncs()
        assertEquals("true", Office.reads(record).getString("needs_crew"))
        assertEquals("false", Office.reads(record).getString("is_fixed_window"))
    }

    /** Both write the description, neither knowing of the other's. */
    private suspend fun disputed(tina: Technician, mine: String, theirs: String): RecordId {
        val record = Office.sends(tina, "Measure the pressure")
        tina.syncs()
        JobPresenter(tina.core, record).also { it.show() }.change(mapOf("description" to mine))
        Office.changes(record, "description" to theirs)
        tina.syncs()
        return record
    }
}
