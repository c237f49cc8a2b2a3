// Who signs for a job, or will not.

package org.fieldline.app

import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.RecordId
import org.fieldline.core.SiteDeed
import org.fieldline.core.Signature as Signed

data class Signature(val strokes: List<Stroke> = emptyList(), val signed: List<Signed> = emptyList())

/** Who signs. */
val SIGNERS = listOf("customer", "technician")

private const val WIDTH_PIXELS = 800
private const val HEIGHT_PIXELS = 300

class SignaturePresenter(private val core: CoreCalls, private val job: RecordId, private val pictures: Pictures) :
    Presenter<Signature>(Signature()) {
    suspend fun show(): Boolean = work { it.copy(signed = signed()) }

    suspend fun draw(stroke: Stroke): Boolean = work { it.copy(strokes = it.strokes + stroke) }

    suspend fun clear(): Boolean = work { it.copy(strokes = emptyList()) }

    /** Signs with what was drawn, under the name of who drew it. */
    suspend fun sign(name: String, signer: String = SIGNERS.first()): Boolean = work { before ->
        core.ask { store ->
            val png = pictures.drawn(before.strokes, WIDTH_PIXELS, HEIGHT_PIXELS)
            val picture = Captured(Content.Bytes(png), "$name.png", "image/png")
            store.execute(Command.OnSite(SiteDeed.Sign(job, signer, name, picture)))
        }
        Signature(signed = signed())
    }

    /** Says why nobody signs. */
    suspend fun refuse(reason: String, signer: String = SIGNERS.first()): Boolean = work {
        core.execute(Command.OnSite(SiteDeed.RefuseSignature(job, signer, reason)))
        Signature(signed = signed())
    }

    private suspend fun signed() = core.ask { it.signatures(job) }
}
