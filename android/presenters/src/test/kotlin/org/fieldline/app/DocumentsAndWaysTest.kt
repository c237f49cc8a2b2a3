// What leaves a job for other apps, and where the phone watches for its site.

package org.fieldline.app

import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.Place
import org.fieldline.core.RecordId
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** As many pages as the file has bytes; an empty one is damaged. */
object BytesAsPages : Pages {
    override fun page(pdf: ByteArray, number: Int) = if (pdf.isEmpty()) null else PdfPage(byteArrayOf(pdf[number - 1]), number, pdf.size)
}

private const val PDF = "application/pdf"

class DocumentsAndWaysTest {
    private suspend fun Technician.job(vararg more: Pair<String, Any>): RecordId = Office.sends(this, "Change the pump", *more).also { syncs() }

    private suspend fun Technician.keeps(job: RecordId, name: String, type: String, vararg content: Byte) {
        core.execute(Command.AddFile(job, Captured(Content.Bytes(content), name, type)))
    }

    private fun site() = Office.creates(
        "cmn_location", "name" to "Waterworks", "street" to "Mill Street 7", "city" to "Munich", "latitude" to "48.20", "longitude" to "11.62",
    ).sysId.hex

    @Test
    fun `a PDF is looked at page by page`() = told { tina ->
        val job = tina.job()
        tina.keeps(job, "manual.pdf", PDF, 7, 8)
        val documents = DocumentsPresenter(tina.core, job, BytesAsPages).also { it.show() }
        assertTrue(documents.open(documents.content.files.single()))
        assertPage(1, 7, documents)
        documents.turn(1)
        assertPage(2, 8, documents)
        documents.turn(1)
        assertPage(2, 8, documents)
        documents.turn(-1)
        assertPage(1, 7, documents)
        documents.close()
        assertNull(documents.content.opened)
    }

    private fun assertPage(number: Int, content: Byte, documents: DocumentsPresenter) {
        val page = documents.content.opened!!.page!!
        assertEquals(listOf(number, 2), listOf(page.number, page.count))
        assertArrayEquals(byteArrayOf(content), page.picture)
    }

    @Test
    fun `a report is made on the phone and is a PDF among the documents`() = told { tina ->
        val job = tina.job()
        val documents = DocumentsPresenter(tina.core, job, BytesAsPages).also { it.show() }
        assertTrue(documents.makeReport())
        val report = documents.content.files.single()
        assertEquals(PDF, report.contentType)
        val content = tina.core.ask { store -> store.file(report.blob) }!!
        assertEquals("%PDF-", content.copyOf(5).decodeToString())
    }

    @Test
    fun `what is no PDF or a damaged one has no pages and can be shared all the same`() = told { tina ->
        val job = tina.job()
        tina.keeps(job, "list.csv", "text/csv", 7)
        val documents = DocumentsPresenter(tina.core, job) { _, _ -> null }.also { it.show() }
        documents.open(documents.content.files.single())
        assertNull(documents.content.opened!!.page)
        assertArrayEquals(byteArrayOf(7), documents.content.opened!!.content)
        tina.keeps(job, "torn.pdf", PDF, 7)
        documents.show()
        documents.open(documents.content.files.single { it.contentType == PDF })
        assertNull(documents.content.opened!!.page)
    }

    @Test
    fun `a document that is on another phone is fetched before it is shown`() = told { tina ->
        val job = tina.job()
        tina.keeps(job, "manual.pdf", PDF, 7, 8)
        tina.syncs()
        Technician(tina.name, tina.user).use { again ->
            again.begins()
            val documents = DocumentsPresenter(again.core, job, BytesAsPages).also { it.show() }
            val manual = documents.content.files.single()
            assertNull(again.store.file(manual.blob))
            assertTrue(documents.open(manual)) { "${documents.state.value.problem}" }
            assertPage(1, 7, documents)
            assertNull(documents.content.awaited)
        }
    }

    @Test
    fun `photos are no documents`() = told { tina ->
        val job = tina.job()
        PhotosPresenter(tina.core, job, NamedPictures).add(byteArrayOf(7), emptyList(), "pump.jpg")
        val documents = DocumentsPresenter(tina.core, job, BytesAsPages).also { it.show() }
        assertEquals(0, documents.content.files.size)
    }

    @Test
    fun `a job is shared with its number, what is to be done and where`() = told { tina ->
        val job = tina.job("location" to site())
        val shown = JobPresenter(tina.core, job).also { it.show() }.content
        assertEquals("${shown.number}\nChange the pump\nWaterworks, Mill Street 7, Munich", shown.asText)
        val nowhere = JobPresenter(tina.core, tina.job()).also { it.show() }.content
        assertEquals("${nowhere.number}\nChange the pump", nowhere.asText)
    }

    @Test
    fun `the phone watches for a site only while somebody is on the way there`() = told { tina ->
        val job = JobPresenter(tina.core, tina.job("location" to site())).also { it.show() }
        val day = TodayPresenter(tina.core).also { it.show() }
        assertEquals(emptyList<Destination>(), day.content.destinations)
        listOf("accept", "start_travel").forEach { assertTrue(job.take(it)) }
        day.show()
        assertEquals(listOf(Destination("Waterworks", Place(48.20, 11.62))), day.content.destinations)
        val arrive = job.content.steps.first { it.step == "arrive" }
        assertFalse(job.choose(arrive))
        assertEquals(listOf("check_in_reason"), job.content.asked!!.fields.map { it.name })
        assertTrue(job.take("arrive", given = mapOf("check_in_reason" to "The gate is at the other end")))
        day.show()
        assertFalse(day.content.points.isEmpty())
        assertEquals(emptyList<Destination>(), day.content.destinations)
    }
}
