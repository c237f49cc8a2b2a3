// The photos of a job, taking one, and drawing on it before it is kept.

package org.fieldline.screens

import androidx.compose.foundation.Image
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
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.platform.testTag
import org.fieldline.app.PHOTO_KINDS
import org.fieldline.app.PhotosPresenter
import org.fieldline.app.Stroke

/** How the platform takes a photo and shows one. */
interface Camera {
    fun take(taken: (ByteArray) -> Unit)

    fun shown(photo: ByteArray): ImageBitmap?
}

private class TakenPhoto(val content: ByteArray)

@Composable
fun PhotosScreen(presenter: PhotosPresenter, camera: Camera) {
    var taken by remember { mutableStateOf<TakenPhoto?>(null) }
    var strokes by remember { mutableStateOf(emptyList<Stroke>()) }
    Screen(presenter, say(Word.PHOTOS), "photos", { presenter.show() }) { photos, does ->
        val fresh = taken
        if (fresh == null) {
            item { MainButton(say(Word.TAKE_PHOTO), "photos.take") { camera.take { taken = TakenPhoto(it) } } }
        } else {
            item { MarkedPhoto(fresh, strokes, camera) { strokes = strokes + it } }
            item {
                MainButton(say(Word.KEEP_PHOTO), "photos.keep") {
                    val name = "photo-${photos.photos.size + 1}.jpg"
                    does {
                        if (presenter.add(fresh.content, strokes, name)) {
                            taken = null
                            strokes = emptyList()
                        }
                    }
                }
            }
            item { OtherButton(say(Word.CLEAR), "photos.clear") { strokes = emptyList() } }
            item { OtherButton(say(Word.LEAVE_IT), "photos.leave") { taken = null } }
        }
        photos.opened?.let { opened -> item { Shown(opened, camera, "photos.opened") { does { presenter.close() } } } }
        itemsIndexed(photos.photos) { index, photo ->
            photo.thumbnail?.let { Shown(it, camera, "photos.small.$index") {} }
            val shows = if (photo.shows.isEmpty()) "" else named("photo", photo.shows)
            val about = listOf(moment(photo.photo.origin.at), shows, if (photo.thumbnail == null) say(Word.COMES_WITH_SYNC) else "")
            Line(photo.photo.fileName, "photos.$index", about) { does { presenter.open((photo.marked ?: photo.photo).blob) } }
            PHOTO_KINDS.forEach { kind ->
                Chosen(named("photo", kind), "photos.$index.$kind", photo.shows == kind) { does { presenter.name(photo.photo.blob, kind) } }
            }
        }
    }
}

@Composable
private fun MarkedPhoto(photo: TakenPhoto, strokes: List<Stroke>, camera: Camera, drawn: (Stroke) -> Unit) {
    val image = remember(photo) { camera.shown(photo.content) }
    val shape = if (image == null) 1f else image.width.toFloat() / image.height
    DrawingSurface(say(Word.DRAW_ON_PHOTO), "photos.draw", strokes, Color.Red, Modifier.fillMaxWidth().aspectRatio(shape), image, drawn)
}

@Composable
private fun Shown(photo: ByteArray, camera: Camera, tag: String, close: () -> Unit) {
    val image = remember(photo) { camera.shown(photo) } ?: return
    Image(image, say(Word.PHOTO), Modifier.fillMaxWidth().testTag(tag), contentScale = ContentScale.FillWidth)
    if (tag == "photos.opened") OtherButton(say(Word.CLOSE), "photos.close", onClick = close)
}
