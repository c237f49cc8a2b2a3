// The photos of a job: those there are, and new ones with what a person drew on them.

package org.fieldline.app

import org.fieldline.core.Attachment
import org.fieldline.core.AttachmentRole
import org.fieldline.core.BlobHash
import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.Fieldline
import org.fieldline.core.RecordId
import org.fieldline.core.SiteDeed

/** A point of a stroke, in parts of the width and height, so that it fits every size of the same picture. */
data class StrokePoint(val x: Float, val y: Float)

data class Stroke(val points: List<StrokePoint>)

/** The platform's pictures: Android's bitmaps on a phone. */
interface Pictures {
    /** The photo with strokes drawn into it, as JPEG. */
    fun flattened(photo: ByteArray, strokes: List<Stroke>): ByteArray

    /** A small version, as JPEG. */
    fun thumbnail(photo: ByteArray): ByteArray

    /** Strokes on white, as PNG. */
    fun drawn(strokes: List<Stroke>, widthPixels: Int, heightPixels: Int): ByteArray
}

/** A photo of the job; without content until it has come. `marked` is the same with what was drawn on it, `shows` what it is said to show. */
class JobPhoto(val photo: Attachment, val thumbnail: ByteArray?, val marked: Attachment?, val shows: String)

/** What a photo may be said to show. */
val PHOTO_KINDS = listOf("before", "after", "other")

data class Photos(val photos: List<JobPhoto> = emptyList(), val opened: ByteArray? = null)

class PhotosPresenter(private val core: CoreCalls, private val job: RecordId, private val pictures: Pictures) :
    Presenter<Photos>(Photos()) {
    suspend fun show(): Boolean = work { read() }

    /** Adds a photo, and beside it the same with what was drawn on it. */
    suspend fun add(photo: ByteArray, strokes: List<Stroke>, fileName: String): Boolean = work {
        core.ask { store ->
            val flat = if (strokes.isEmpty()) photo else pictures.flattened(photo, strokes)
            val small = captured(pictures.thumbnail(flat), "small-$fileName")
            store.execute(Command.AddPhoto(job, captured(photo, fileName), small))
            if (strokes.isNotEmpty()) {
                val original = taken(store).last()
                store.execute(Command.OnSite(SiteDeed.MarkUp(job, original.blob, captured(flat, "marked-$fileName"))))
            }
        }
        read()
    }

    /** Says what a photo shows. */
    suspend fun name(photo: BlobHash, shows: String): Boolean = work {
        core.execute(Command.OnSite(SiteDeed.NamePhoto(job, photo, shows)))
        read()
    }

    /** Opens a photo; one that is not here is asked for with the next syncs. */
    suspend fun open(photo: BlobHash): Boolean = work { before ->
        val content = core.ask { store -> store.file(photo).also { if (it == null) store.fetch(job, photo) } }
        before.copy(opened = content)
    }

    suspend fun close(): Boolean = work { it.copy(opened = null) }

    private fun captured(jpeg: ByteArray, fileName: String) = Captured(Content.Bytes(jpeg), fileName, "image/jpeg")

    /** The photos as they were taken, oldest first. */
    private fun taken(store: Fieldline): List<Attachment> =
        store.record(job)?.details?.attachments.orEmpty().filter { it.role == AttachmentRole.PHOTO && it.of == null }

    private suspend fun read(): Photos = core.ask { store ->
        val details = store.record(job)?.details
        val files = details?.attachments.orEmpty()
        val small = files.filter { it.role == AttachmentRole.THUMBNAIL }.associateBy { it.of }
        val marked = files.filter { it.role == AttachmentRole.PHOTO && it.of != null }.associateBy { it.of }
        val said = details?.answers.orEmpty().associate { it.question to it.latest.answer }
        val photo = { photo: Attachment ->
            val content = (small[photo.blob] ?: photo).let { store.file(it.blob) }
            JobPhoto(photo, content, marked[photo.blob], said["photo.${photo.blob.hex}"].orEmpty())
        }
        Photos(taken(store).map(photo))
    }
}
