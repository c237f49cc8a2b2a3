// Finding things on the phone: by words, in tables, by the asset.

package org.fieldline.app

import org.junit.jupiter.api.Assertions.assertEquals
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
    fun `an asset shows what it is and the work on it`() = told { tina ->
        val asset = Office.creates("alm_asset", "display_name" to "Pump 12", "serial_number" to "P-0012", "assigned_to" to tina.user.hex)
        Office.sends(tina, "Change the seal", "asset" to asset.sysId.hex)
        tina.syncs()
        val shown = AssetPresenter(tina.core, asset)
        assertTrue(shown.show())
        assertEquals("Pump 12", shown.content.name)
        assertEquals("P-0012", shown.content.fields.single { it.name == "serial_number" }.shown)
        assertEquals("Change the seal", shown.content.work.single().what)
    }
}
