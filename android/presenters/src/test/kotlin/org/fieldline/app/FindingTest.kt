// Finding things on the phone: by words, by codes, in tables, by the asset.

package org.fieldline.app

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class FindingTest {
    @Test
    fun `a word that has only been begun finds the job`() = told { tina ->
        val record = Office.sends(tina, "Replace the circulation pump")
        tina.syncs()
        val search = SearchPresenter(tina.core)
        assertTrue(search.search("circulation pu"))
        assertEquals(record, search.content.found.single().record)
        assertEquals("Replace the circulation pump", search.content.found.single().about)
        search.search("  ")
        assertEquals(0, search.content.found.size)
    }

    @Test
    fun `every table people leaf through can be opened`() = told { tina ->
        Office.sends(tina, "Change the pump")
        tina.syncs()
        val search = SearchPresenter(tina.core)
        BROWSED_TABLES.forEach { table -> assertTrue(search.browse(table)) { "$table: ${search.state.value.problem}" } }
        search.browse("wm_task")
        assertEquals("Change the pump", search.content.found.single().about)
    }

    @Test
    fun `a code finds what bears it before any words do, opens it when it is one thing, and offers all when there are several`() = told { tina ->
        val pump = Office.creates("alm_asset", "display_name" to "Pump 12", "serial_number" to "CODE-1", "assigned_to" to tina.user.hex)
        val site = Office.creates("cmn_location", "name" to "Works", "barcode" to "CODE-2")
        val depot = Office.creates("alm_stockroom", "name" to "Depot", "barcode" to "CODE-2")
        Office.sends(tina, "See CODE-1 at once", "location" to site.sysId.hex)
        tina.syncs()
        val search = SearchPresenter(tina.core)
        assertTrue(search.search(" code-1 "))
        assertEquals(pump, search.content.meant)
        assertEquals(listOf(pump), search.content.found.map { it.record })
        assertTrue(search.search("CODE-2"))
        assertNull(search.content.meant)
        assertEquals(setOf(site, depot), search.content.found.map { it.record }.toSet())
        assertTrue(search.search("CODE-3"))
        assertEquals(0, search.content.found.size)
    }

    @Test
    fun `a thing shows what it is, the work on it and what belongs to it`() = told { tina ->
        val site = Office.creates("cmn_location", "name" to "Works")
        val asset = Office.creates(
            "alm_asset", "display_name" to "Pump 12", "serial_number" to "P-0012", "assigned_to" to tina.user.hex, "location" to site.sysId.hex,
        )
        Office.sends(tina, "Change the seal", "asset" to asset.sysId.hex, "location" to site.sysId.hex)
        tina.syncs()
        val shown = ThingPresenter(tina.core, asset)
        assertTrue(shown.show())
        assertEquals("Pump 12", shown.content.name)
        assertEquals("P-0012", shown.content.fields.single { it.name == "serial_number" }.shown)
        assertEquals("Change the seal", shown.content.work.single().what)
        val place = ThingPresenter(tina.core, site)
        assertTrue(place.show())
        assertEquals(listOf("Change the seal"), place.content.work.map { it.what })
        assertEquals(listOf(asset), place.content.assets.map { it.record })
    }
}
