// Photos and signatures with Android's bitmaps.

package org.fieldline.android

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import org.fieldline.app.Pictures
import org.fieldline.app.Stroke
import java.io.ByteArrayOutputStream

private const val PHOTO_QUALITY = 85
private const val SMALL_PIXELS = 320
private const val PEN_PART = 0.008f

class AndroidPictures : Pictures {
    override fun flattened(photo: ByteArray, strokes: List<Stroke>): ByteArray {
        val bitmap = decoded(photo).copy(Bitmap.Config.ARGB_8888, true)
        draw(bitmap, strokes, Color.RED)
        return encoded(bitmap, Bitmap.CompressFormat.JPEG)
    }

    override fun thumbnail(photo: ByteArray): ByteArray {
        val bitmap = decoded(photo)
        val scale = SMALL_PIXELS.toFloat() / maxOf(bitmap.width, bitmap.height)
        val (width, height) = listOf(bitmap.width, bitmap.height).map { (it * scale).toInt().coerceAtLeast(1) }
        return encoded(Bitmap.createScaledBitmap(bitmap, width, height, true), Bitmap.CompressFormat.JPEG)
    }

    override fun drawn(strokes: List<Stroke>, widthPixels: Int, heightPixels: Int): ByteArray {
        val bitmap = Bitmap.createBitmap(widthPixels, heightPixels, Bitmap.Config.ARGB_8888)
        bitmap.eraseColor(Color.WHITE)
        draw(bitmap, strokes, Color.BLACK)
        return encoded(bitmap, Bitmap.CompressFormat.PNG)
    }

    private fun decoded(photo: ByteArray): Bitmap = BitmapFactory.decodeByteArray(photo, 0, photo.size)

    private fun draw(bitmap: Bitmap, strokes: List<Stroke>, ink: Int) {
        val pen = Paint(Paint.ANTI_ALIAS_FLAG).apply {
            color = ink
            strokeCap = Paint.Cap.ROUND
            strokeWidth = bitmap.width * PEN_PART
        }
        val canvas = Canvas(bitmap)
        val (width, height) = bitmap.width.toFloat() to bitmap.height.toFloat()
        strokes.forEach { stroke ->
            stroke.points.zipWithNext { from, to -> canvas.drawLine(from.x * width, from.y * height, to.x * width, to.y * height, pen) }
        }
    }

    private fun encoded(bitmap: Bitmap, format: Bitmap.CompressFormat): ByteArray =
        ByteArrayOutputStream().also { bitmap.compress(format, PHOTO_QUALITY, it) }.toByteArray()
}
