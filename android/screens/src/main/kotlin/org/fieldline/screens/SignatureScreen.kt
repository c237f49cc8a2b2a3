// The customer signs with a finger.

package org.fieldline.screens

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import org.fieldline.app.SignaturePresenter

@Composable
fun SignatureScreen(presenter: SignaturePresenter) {
    var name by remember { mutableStateOf("") }
    Screen(presenter, say(Word.SIGNATURE), "signature", { presenter.show() }) { signature, does ->
        item { Entry(say(Word.NAME_OF_SIGNER), name, "signature.name") { name = it } }
        item {
            // Ink on paper, in every theme: it is what is kept.
            val paper = Modifier.fillMaxWidth().aspectRatio(8f / 3f).background(Color.White)
            DrawingSurface(say(Word.SIGN_HERE), "signature.pad", signature.strokes, Color.Black, paper) { does { presenter.draw(it) } }
        }
        item {
            MainButton(say(Word.SIGN), "signature.sign", signature.strokes.isNotEmpty() && name.isNotBlank()) {
                does { if (presenter.sign(name.trim())) name = "" }
            }
        }
        item { OtherButton(say(Word.CLEAR), "signature.clear", signature.strokes.isNotEmpty()) { does { presenter.clear() } } }
        itemsIndexed(signature.signed) { index, signed ->
            Line(signed.fileName.removeSuffix(".png"), "signature.signed.$index", listOf(moment(signed.origin.at)))
        }
    }
}
