// The documents of a job, such as reports and manuals: fetched when they are not here, PDFs looked at page by page.

package org.fieldline.app

import org.fieldline.core.Attachment
import org.fieldline.core.AttachmentRole
import org.fieldline.core.Command
import org.fieldline.core.RecordId

private const val PDF = "application/pdf"
private const val MOST_SECONDS = 60u

/** A page of a PDF as PNG; pages are counted from 1. */
class PdfPage(val picture: ByteArray, val number: Int, val count: Int)

/** The platform's eyes for PDFs. */
fun interface Pages {
    /** A page, or nothing when the file cannot be read as a PDF. */
    fun page(pdf: ByteArray, number: Int): PdfPage?
}

/** A document somebody looks at; without a page when it can only be given to other apps. */
class OpenedDocument(val file: Attachment, val content: ByteArray, val page: PdfPage?)

data class Documents(
    val files: List<Attachment> = emptyList(),
    val opened: OpenedDocument? = null,
    /** One that was asked for and has not come yet. */
    val awaited: Attachment? = null,
)

class DocumentsPresenter(private val core: CoreCalls, private val job: RecordId, private val pages: Pages) :
    Presenter<Documents>(Documents()) {
    suspend fun show(): Boolean = work { before -> before.copy(files = read()) }

    /** Opens a document at its first page. One that is not here is fetched first; without a line it comes with a later sync. */
    suspend fun open(file: Attachment): Boolean {
        if (!look(file)) return false
        return content.awaited == null || (fetch() && look(file))
    }

    /** Goes on or back by pages; beyond the first and the last there is nothing. */
    suspend fun turn(by: Int): Boolean = work { before ->
        val opened = before.opened ?: return@work before
        val page = opened.page ?: return@work before
        val number = page.number + by
        if (number !in 1..page.count) return@work before
        before.copy(opened = OpenedDocument(opened.file, opened.content, page(opened.file, opened.content, number)))
    }

    /** Makes the service report of the job as it stands now, and adds it to the job. */
    suspend fun makeReport(): Boolean = work { before ->
        core.execute(Command.AddReport(job))
        before.copy(files = read())
    }

    suspend fun close(): Boolean = work { it.copy(opened = null) }

    /** Opens what is here and asks for what is not. */
    private suspend fun look(file: Attachment): Boolean = work { before ->
        val content = core.ask { store -> store.file(file.blob).also { if (it == null) store.fetch(job, file.blob) } }
        val opened = content?.let { OpenedDocument(file, it, page(file, it, 1)) }
        before.copy(opened = opened, awaited = file.takeIf { opened == null })
    }

    private suspend fun fetch(): Boolean = work { before ->
        core.store.sync(null, MOST_SECONDS)
        before
    }

    private suspend fun page(file: Attachment, content: ByteArray, number: Int): PdfPage? =
        if (file.contentType == PDF) core.ask { pages.page(content, number) } else null

    private suspend fun read(): List<Attachment> = core.ask { store ->
        store.record(job)?.details?.attachments.orEmpty().filter { it.role == AttachmentRole.DOCUMENT }
    }
}
