// The customer's signature under a job.

package org.fieldline.app

import org.fieldline.core.Attachment
import org.fieldline.core.AttachmentRole
import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.RecordId

data class Signature(val strokes: List<Stroke> = emptyList(), val signed: List<Attachment> = emptyList())

private const val WIDTH_PIXELS = 800
private const val HEIGHT_PIXELS = 300

class SignaturePresenter(private val core: CoreCalls, private val job: RecordId, private val pictures: Pictures) :
    Presenter<Signature>(Signature()) {
    suspend fun show(): Boolean = work { it.copy(signed = signed()) }

    suspend fun draw(stroke: Stroke): Boolean = work { it.copy(strokes = it.strokes + stroke) }

    suspend fun clear(): Boolean = work { it.copy(strokes = emptyList()) }

    /** Signs with what was drawn, under the name of who drew it. */
    suspend fun sign(name: String): Boolean = work { before ->
        core.ask { store ->
            val png = pictures.drawn(before.strokes, WIDTH_PIXELS, HEIGHT_PIXELS)
            store.execute(Command.AddSignature(job, Captured(Content.Bytes(png), "$name.png", "image/png")))
        }
        Signature(signed = signed())
    }

    private suspend fun signed() = core.ask { store ->
        store.record(job)?.details?.attachments.orEmpty().filter { it.role == AttachmentRole.SIGNATURE }
    }
}
