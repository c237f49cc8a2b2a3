// Files given to other apps, and a look at a PDF before it is given.

package org.fieldline.android

import android.content.ClipData
import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.pdf.PdfRenderer
import android.net.Uri
import android.os.ParcelFileDescriptor
import androidx.core.content.FileProvider
import org.fieldline.app.OpenedDocument
import org.fieldline.app.Pages
import org.fieldline.app.PdfPage
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException

private const val PREVIEW_PIXELS = 1_080

/** Files that leave the encrypted store for a moment; the folder is emptied when the app begins. */
class Files(private val context: Context) : Pages {
    private val folder = File(context.cacheDir, "given").apply { mkdirs() }

    fun empty() = folder.listFiles().orEmpty().forEach { it.delete() }

    fun file(name: String) = File(folder, File(name).name)

    fun address(file: File): Uri = FileProvider.getUriForFile(context, "${context.packageName}.files", file)

    /** Offers a document to the apps that take its kind. */
    fun share(document: OpenedDocument) {
        val file = file(document.file.fileName).apply { writeBytes(document.content) }
        val gives = Intent(Intent.ACTION_SEND).setType(document.file.contentType).putExtra(Intent.EXTRA_STREAM, address(file))
        // Only what is in the clip is lent to whichever app a person picks.
        gives.clipData = ClipData.newRawUri(file.name, address(file))
        offer(gives.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION))
    }

    /** Offers a text to the apps that take one. */
    fun share(text: String) = offer(Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, text))

    private fun offer(gives: Intent) = context.startActivity(Intent.createChooser(gives, null))

    /** A page is drawn from a file, which is there only meanwhile. */
    override fun page(pdf: ByteArray, number: Int): PdfPage? {
        val file = File.createTempFile("page", null, folder)
        return try {
            file.writeBytes(pdf)
            PdfRenderer(ParcelFileDescriptor.open(file, ParcelFileDescriptor.MODE_READ_ONLY)).use { pages ->
                if (number > pages.pageCount) null else PdfPage(pages.openPage(number - 1).use(::drawn), number, pages.pageCount)
            }
        } catch (_: IOException) {
            // It is damaged,
            null
        } catch (_: SecurityException) {
            // or has a password.
            null
        } finally {
            file.delete()
        }
    }

    private fun drawn(page: PdfRenderer.Page): ByteArray {
        val bitmap = Bitmap.createBitmap(PREVIEW_PIXELS, PREVIEW_PIXELS * page.height / page.width, Bitmap.Config.ARGB_8888)
        bitmap.eraseColor(Color.WHITE)
        page.render(bitmap, null, null, PdfRenderer.Page.RENDER_MODE_FOR_DISPLAY)
        return ByteArrayOutputStream().also { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }.toByteArray()
    }
}
