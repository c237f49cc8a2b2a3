// The day as a technician sees it.

package org.fieldline.app

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class TodayPresenterTest {
    private fun site(name: String, latitude: String, longitude: String) =
        Office.creates("cmn_location", "name" to name, "latitude" to latitude, "longitude" to longitude).sysId.hex

    @Test
    fun `the jobs of the day come with their site and their place on the map`() = told { tina ->
        Office.sends(tina, "Change the pump", "location" to site("Waterworks", "48.2", "11.6"))
        Office.sends(tina, "Look at the fan")
        tina.syncs()
        val today = TodayPresenter(tina.core)
        assertTrue(today.show())
        val pump = today.content.jobs.single { it.what == "Change the pump" }
        assertEquals("Waterworks", pump.site)
        assertEquals(48.2, pump.place!!.latitude)
        assertEquals("assigned", pump.stage)
        assertEquals(listOf(pump), today.content.points)
        assertEquals(2, today.content.jobs.size)
    }

    @Test
    fun `a planned order names the stops with their ways and what has no place in it`() = told { tina ->
        Office.sends(tina, "Far", "location" to site("Far", "48.4", "11.9"))
        Office.sends(tina, "Near", "location" to site("Near", "48.14", "11.58"))
        Office.sends(tina, "Nowhere")
        tina.syncs()
        val today = TodayPresenter(tina.core)
        today.show()
        assertTrue(today.plan(HERE)) { today.state.value.problem.toString() }
        val order = assertNotNull(today.content.order).let { today.content.order!! }
        assertEquals(3, order.stops.size + order.leftOut.size)
        assertTrue(order.leftOut.any { (_, reason) -> reason.contains("location") })
    }

    @Test
    fun `a technician who may not write the times is told so and loses nothing`() = told { tina ->
        Office.sends(tina, "Near", "location" to site("Near", "48.14", "11.58"))
        tina.syncs()
        val today = TodayPresenter(tina.core)
        today.show()
        today.plan(HERE)
        val mayTake = today.content.order!!.mayTake
        assertEquals(mayTake, today.takePlan())
        if (!mayTake) assertEquals(Remedy.ASK_DISPATCH, today.state.value.problem!!.remedy)
        assertEquals(1, today.content.jobs.size)
    }

    @Test
    fun `the plan of one day is not shown on another`() = told { tina ->
        Office.sends(tina, "Near", "location" to site("Near", "48.14", "11.58"))
        tina.syncs()
        val today = TodayPresenter(tina.core)
        today.show()
        today.plan(HERE)
        today.show(today.content.day.plusDays(1))
        assertNull(today.content.order)
        assertFalse(today.state.value.isBusy)
    }
}
