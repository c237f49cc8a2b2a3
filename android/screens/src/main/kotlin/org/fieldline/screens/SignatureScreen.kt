// The customer or the technician signs with a finger, or it is said why nobody does.

package org.fieldline.screens

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import org.fieldline.app.SIGNERS
import org.fieldline.app.SignaturePresenter
import org.fieldline.core.Signature

@Composable
fun SignatureScreen(presenter: SignaturePresenter) {
    var signer by remember { mutableStateOf(SIGNERS.first()) }
    var name by remember { mutableStateOf("") }
    var reason by remember { mutableStateOf("") }
    Screen(presenter, say(Word.SIGNATURE), "signature", { presenter.show() }) { signature, does ->
        items(SIGNERS, { it }) { who -> Chosen(named("signer", who), "signature.$who", signer == who) { signer = who } }
        item { Entry(say(Word.NAME_OF_SIGNER), name, "signature.name") { name = it } }
        item {
            // Ink on paper, in every theme: it is what is kept.
            val paper = Modifier.fillMaxWidth().aspectRatio(8f / 3f).background(Color.White)
            DrawingSurface(say(Word.SIGN_HERE), "signature.pad", signature.strokes, Color.Black, paper) { does { presenter.draw(it) } }
        }
        item {
            MainButton(say(Word.SIGN), "signature.sign", signature.strokes.isNotEmpty() && name.isNotBlank()) {
                does { if (presenter.sign(name.trim(), signer)) name = "" }
            }
        }
        item { OtherButton(say(Word.CLEAR), "signature.clear", signature.strokes.isNotEmpty()) { does { presenter.clear() } } }
        item { Entry(say(Word.WHY_NOT_SIGNED), reason, "signature.reason") { reason = it } }
        item {
            OtherButton(say(Word.NOT_SIGNED), "signature.refuse", reason.isNotBlank()) {
                does { if (presenter.refuse(reason.trim(), signer)) reason = "" }
            }
        }
        itemsIndexed(signature.signed) { index, signed ->
            Line(signed.name ?: say(Word.NOT_SIGNED), "signature.signed.$index", about(signed), signed.isDisputed)
        }
    }
}

@Composable
private fun about(signed: Signature): List<String> = listOf(
    named("signer", signed.signer),
    moment(signed.at),
    signed.refused.orEmpty(),
    if (signed.editsSince > 0uL) say(Word.CHANGED_SINCE, signed.editsSince.toString()) else "",
)
