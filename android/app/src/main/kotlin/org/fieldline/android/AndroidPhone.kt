// What the screens ask of the phone: camera, scanner, maps, other apps, and who comes next on a shared phone.

package org.fieldline.android

import android.content.ActivityNotFoundException
import android.content.Intent
import android.graphics.BitmapFactory
import android.net.Uri
import android.os.Build
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts.StartActivityForResult
import androidx.activity.result.contract.ActivityResultContracts.TakePicture
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.asImageBitmap
import org.fieldline.app.Alarm
import org.fieldline.app.Destination
import org.fieldline.app.OpenedDocument
import org.fieldline.app.Pages
import org.fieldline.app.Pictures
import org.fieldline.app.Preferences
import org.fieldline.core.Place
import org.fieldline.screens.Phone

/** The scanner other apps offer under this name; a hand scanner that types needs none. */
private const val SCANNER = "com.google.zxing.client.android.SCAN"

class AndroidPhone(
    private val activity: ComponentActivity,
    override val preferences: Preferences,
    private val looks: () -> Unit,
    private val begins: () -> Unit,
    override val changePerson: (() -> Unit)?,
) : Phone {
    override val pictures: Pictures = AndroidPictures()
    override val name: String = "${Build.MANUFACTURER} ${Build.MODEL}"
    private val files = Files(activity).apply { empty() }
    override val pages: Pages = files
    private val whereabouts = Whereabouts(activity)
    private var taken: (ByteArray) -> Unit = {}
    private var read: (String) -> Unit = {}
    private val photo = files.file("photo.jpg")

    private val camera = activity.registerForActivityResult(TakePicture()) { isTaken ->
        if (isTaken) taken(photo.readBytes())
        // From here on the photo is in the encrypted store only.
        photo.delete()
    }

    private val scanner = activity.registerForActivityResult(StartActivityForResult()) { answer ->
        answer.data?.getStringExtra("SCAN_RESULT")?.let { read(it) }
    }

    override fun take(taken: (ByteArray) -> Unit) {
        this.taken = taken
        camera.launch(files.address(photo))
    }

    override fun shown(photo: ByteArray): ImageBitmap? = BitmapFactory.decodeByteArray(photo, 0, photo.size)?.asImageBitmap()

    override fun scan(read: (String) -> Unit) {
        this.read = read
        offering { scanner.launch(Intent(SCANNER)) }
    }

    override fun here(): Place? = whereabouts.here()

    override fun navigate(to: Place) = offering {
        activity.startActivity(Intent(Intent.ACTION_VIEW, Uri.parse("geo:0,0?q=${to.latitude},${to.longitude}")))
    }

    override fun share(text: String) = files.share(text)

    override fun share(document: OpenedDocument) = files.share(document)

    override fun watch(destinations: List<Destination>) = whereabouts.watch(destinations)

    override fun ring(alarms: List<Alarm>) = Alarms(activity).ring(alarms)

    override fun looksAnew() = looks()

    override fun beginsAnew() = begins()

    /** Without an app for it nothing happens; what was wanted can be typed. */
    private fun offering(ask: () -> Unit) = try {
        ask()
    } catch (_: ActivityNotFoundException) {
        Unit
    }
}
