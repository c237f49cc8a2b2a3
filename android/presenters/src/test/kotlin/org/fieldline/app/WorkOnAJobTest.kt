// What is written down on a job beside its steps: answers, photos, signatures, time, readings.

package org.fieldline.app

import org.fieldline.core.RecordId
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant

/** Pictures a test can tell apart. */
object NamedPictures : Pictures {
    override fun flattened(photo: ByteArray, strokes: List<Stroke>) = photo + strokes.size.toByte()

    override fun thumbnail(photo: ByteArray) = byteArrayOf(photo.first())

    override fun drawn(strokes: List<Stroke>, widthPixels: Int, heightPixels: Int) = "signed ${strokes.size}".toByteArray()
}

private val LINE = Stroke(listOf(StrokePoint(0.1f, 0.1f), StrokePoint(0.9f, 0.9f)))

class WorkOnAJobTest {
    private suspend fun Technician.job(): RecordId = Office.sends(this, "Change the pump").also { syncs() }

    @Test
    fun `answers are kept by question and the latest is shown`() = told { tina ->
        val list = ChecklistPresenter(tina.core, tina.job())
        assertTrue(list.answer("Is the valve tight?", "no"))
        assertTrue(list.answer("Is the valve tight?", "yes"))
        val answered = list.content.answers.single()
        assertEquals("yes", answered.latest.answer)
        assertFalse(answered.isDisputed)
        assertEquals(0, list.content.disputed)
    }

    @Test
    fun `a photo is kept as it was taken and beside it with what was drawn on it, and its thumbnail is shown`() = told { tina ->
        val photos = PhotosPresenter(tina.core, tina.job(), NamedPictures)
        assertTrue(photos.add(byteArrayOf(7, 7), listOf(LINE), "pump.jpg"))
        val photo = photos.content.photos.single()
        assertArrayEquals(byteArrayOf(7), photo.thumbnail)
        assertEquals("pump.jpg", photo.photo.fileName)
        assertTrue(photos.open(photo.marked!!.blob))
        assertArrayEquals(byteArrayOf(7, 7, 1), photos.content.opened)
        assertTrue(photos.open(photo.photo.blob))
        assertArrayEquals(byteArrayOf(7, 7), photos.content.opened)
        assertTrue(photos.name(photo.photo.blob, "before"))
        assertEquals("before", photos.content.photos.single().shows)
        photos.close()
        assertNull(photos.content.opened)
    }

    @Test
    fun `a photo without strokes is kept as it was taken`() = told { tina ->
        val photos = PhotosPresenter(tina.core, tina.job(), NamedPictures)
        photos.add(byteArrayOf(9, 9), emptyList(), "pump.jpg")
        photos.open(photos.content.photos.single().photo.blob)
        assertArrayEquals(byteArrayOf(9, 9), photos.content.opened)
    }

    @Test
    fun `a signature bears the name of who drew it and waits to be sent`() = told { tina ->
        val signature = SignaturePresenter(tina.core, tina.job(), NamedPictures)
        signature.draw(LINE)
        signature.clear()
        signature.draw(LINE)
        assertTrue(signature.sign("Mr Weber"))
        val signed = signature.content.signed.single()
        assertEquals("Mr Weber", signed.name)
        assertEquals(64, signed.covers.length)
        assertEquals(1uL, tina.store.syncStatus().unsentFiles)
        tina.syncs()
        assertEquals(0uL, tina.store.syncStatus().unsentFiles)
    }

    @Test
    fun `why nobody signs is kept in the place of a signature`() = told { tina ->
        val signature = SignaturePresenter(tina.core, tina.job(), NamedPictures)
        assertTrue(signature.refuse("had left before the end"))
        val refused = signature.content.signed.single()
        assertEquals(null to "had left before the end", refused.name to refused.refused)
        assertFalse(signature.refuse(" "))
    }

    @Test
    fun `an expense is told with what is missing, and noted with its receipt`() = told { tina ->
        val expenses = ExpensesPresenter(tina.core, tina.job())
        val parking = SpentOn("parking", "4.5", "", "", "")
        assertFalse(expenses.spend(parking, null))
        assertTrue(expenses.spend(parking.copy(currency = "EUR"), byteArrayOf(7)))
        assertTrue(expenses.spend(SpentOn("mileage", "", "", "38", ""), null))
        assertEquals(setOf("4.5" to "", "" to "38"), expenses.content.spent.map { it.cost to it.kilometres }.toSet())
    }

    @Test
    fun `a defect is opened from the job it was found on`() = told { tina ->
        val followUp = FollowUpPresenter(tina.core, tina.job())
        assertTrue(followUp.open("wm_task", "Change the pump for good"))
        assertTrue(followUp.content.opened!!.startsWith("WOT"))
    }

    @Test
    fun `time is summed by its kind and a meter keeps its unit`() = told { tina ->
        val time = TimePresenter(tina.core, tina.job())
        val begun = Instant.parse("2026-11-28T08:00:00Z")
        assertTrue(time.log("work", begun, begun.plusSeconds(1_800)))
        assertTrue(time.logLast("work", 15))
        assertTrue(time.log("travel", begun.minusSeconds(600), begun))
        assertEquals(mapOf("work" to Duration.ofMinutes(45), "travel" to Duration.ofMinutes(10)), time.content.totals)
        assertTrue(time.read("pressure", "48.5", "kPa"))
        assertEquals(listOf("48.5", "kPa"), time.content.readings.single().let { listOf(it.value, it.unit) })
    }

    @Test
    fun `what cannot be is refused with its remedy`() = told { tina ->
        val time = TimePresenter(tina.core, tina.job())
        val begun = Instant.parse("2026-11-28T08:00:00Z")
        assertFalse(time.log("work", begun, begun.minusSeconds(60)))
        assertEquals(Remedy.CORRECT, time.state.value.problem!!.remedy)
        assertFalse(time.read("pressure", "high", "kPa"))
        assertEquals(0, time.content.entries.size)
    }
}
