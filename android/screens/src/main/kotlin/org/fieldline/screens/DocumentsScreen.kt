// The documents of a job: fetching one, looking at a PDF page by page, and giving it to other apps.

package org.fieldline.screens

import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.testTag
import org.fieldline.app.DocumentsPresenter
import org.fieldline.app.OpenedDocument
import org.fieldline.app.PdfPage

@Composable
fun DocumentsScreen(presenter: DocumentsPresenter, shown: (ByteArray) -> ImageBitmap?, share: (OpenedDocument) -> Unit) {
    Screen(presenter, say(Word.DOCUMENTS), "documents", { presenter.show() }) { documents, does ->
        documents.opened?.let { opened -> item { Opened(opened, presenter, shown, does) { share(opened) } } }
        if (documents.files.isEmpty()) item { Line(say(Word.NO_DOCUMENTS), "documents.none") }
        itemsIndexed(documents.files) { index, file ->
            val about = listOf(moment(file.origin.at), if (documents.awaited == file) say(Word.COMES_WITH_SYNC) else "")
            Line(file.fileName, "documents.$index", about) { does { presenter.open(file) } }
        }
        item { MainButton(say(Word.MAKE_REPORT), "documents.report") { does { presenter.makeReport() } } }
    }
}

@Composable
private fun Opened(opened: OpenedDocument, presenter: DocumentsPresenter, shown: (ByteArray) -> ImageBitmap?, does: Does, share: () -> Unit) {
    Together {
        Heading(opened.file.fileName)
        val page = opened.page
        if (page == null) Line(say(Word.NO_PREVIEW), "documents.nopreview") else Page(page, shown) { by -> does { presenter.turn(by) } }
        MainButton(say(Word.SHARE), "documents.share", onClick = share)
        OtherButton(say(Word.CLOSE), "documents.close") { does { presenter.close() } }
    }
}

@Composable
private fun Page(page: PdfPage, shown: (ByteArray) -> ImageBitmap?, turn: (Int) -> Unit) {
    val number = say(Word.PAGE, page.number.toString(), page.count.toString())
    val image = remember(page) { shown(page.picture) }
    if (image != null) Image(image, number, Modifier.fillMaxWidth().testTag("documents.page"), contentScale = ContentScale.FillWidth)
    Line(number, "documents.number")
    if (page.number < page.count) OtherButton(say(Word.NEXT_PAGE), "documents.next") { turn(1) }
    if (page.number > 1) OtherButton(say(Word.PREVIOUS_PAGE), "documents.previous") { turn(-1) }
}
