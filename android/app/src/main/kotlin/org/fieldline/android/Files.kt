// Files given to other apps, and a look at a PDF before it is given.

package org.fieldline.android

import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.pdf.PdfRenderer
import android.net.Uri
import android.os.ParcelFileDescriptor
import androidx.core.content.FileProvider
import java.io.File

private const val PREVIEW_PIXELS = 1_080

/** Files that leave the encrypted store for a moment; the folder is emptied when the app begins. */
class Files(private val context: Context) {
    private val folder = File(context.cacheDir, "given").apply { mkdirs() }

    fun empty() = folder.listFiles().orEmpty().forEach { it.delete() }

    fun file(name: String) = File(folder, File(name).name)

    fun address(file: File): Uri = FileProvider.getUriForFile(context, "${context.packageName}.files", file)

    /** Offers a file to the apps that take its kind. */
    fun share(content: ByteArray, name: String, contentType: String) {
        val file = file(name).apply { writeBytes(content) }
        val gives = Intent(Intent.ACTION_SEND).setType(contentType).putExtra(Intent.EXTRA_STREAM, address(file))
        gives.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        context.startActivity(Intent.createChooser(gives, name).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK))
    }

    /** The pages of a PDF as pictures. */
    fun pages(pdf: ByteArray): List<Bitmap> {
        val file = file("preview.pdf").apply { writeBytes(pdf) }
        return try {
            PdfRenderer(ParcelFileDescriptor.open(file, ParcelFileDescriptor.MODE_READ_ONLY)).use { pages ->
                (0 until pages.pageCount).map { number -> pages.openPage(number).use(::drawn) }
            }
        } finally {
            file.delete()
        }
    }

    private fun drawn(page: PdfRenderer.Page): Bitmap {
        val height = PREVIEW_PIXELS * page.height / page.width
        val bitmap = Bitmap.createBitmap(PREVIEW_PIXELS, height, Bitmap.Config.ARGB_8888)
        bitmap.eraseColor(Color.WHITE)
        page.render(bitmap, null, null, PdfRenderer.Page.RENDER_MODE_FOR_DISPLAY)
        return bitmap
    }
}
