// Every screen, with work on it that the real core keeps.

package org.fieldline.screens

import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.remember
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.toComposeImageBitmap
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.unit.LayoutDirection
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.fieldline.app.Alarm
import org.fieldline.app.AttentionPresenter
import org.fieldline.app.ChecklistPresenter
import org.fieldline.app.CoreCalls
import org.fieldline.app.Destination
import org.fieldline.app.DocumentsPresenter
import org.fieldline.app.ExpensesPresenter
import org.fieldline.app.FollowUpPresenter
import org.fieldline.app.HERE
import org.fieldline.app.JobPresenter
import org.fieldline.app.KioskPresenter
import org.fieldline.app.NewsPresenter
import org.fieldline.app.Office
import org.fieldline.app.OpenedDocument
import org.fieldline.app.Pages
import org.fieldline.app.PartsPresenter
import org.fieldline.app.PdfPage
import org.fieldline.app.PhotosPresenter
import org.fieldline.app.Pictures
import org.fieldline.app.Preferences
import org.fieldline.app.PreferencesInMemory
import org.fieldline.app.SafetyPresenter
import org.fieldline.app.SearchPresenter
import org.fieldline.app.SettingsPresenter
import org.fieldline.app.SignaturePresenter
import org.fieldline.app.Stroke
import org.fieldline.app.StrokePoint
import org.fieldline.app.SwapPresenter
import org.fieldline.app.SyncPresenter
import org.fieldline.app.Technician
import org.fieldline.app.ThingPresenter
import org.fieldline.app.TimePresenter
import org.fieldline.app.TodayPresenter
import org.fieldline.app.stocks
import org.fieldline.app.van
import org.fieldline.core.Captured
import org.fieldline.core.Command
import org.fieldline.core.Content
import org.fieldline.core.Place
import org.fieldline.core.RecordId
import org.jetbrains.skia.Image
import java.awt.BasicStroke
import java.awt.Color
import java.awt.image.BufferedImage
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import javax.imageio.ImageIO

/** The pictures of a desktop. */
object DesktopPictures : Pictures {
    override fun flattened(photo: ByteArray, strokes: List<Stroke>): ByteArray {
        val image = ImageIO.read(ByteArrayInputStream(photo))
        return encoded(draw(image, strokes, Color.RED), "jpg")
    }

    override fun thumbnail(photo: ByteArray): ByteArray {
        val image = ImageIO.read(ByteArrayInputStream(photo))
        val small = BufferedImage(image.width / 4, image.height / 4, BufferedImage.TYPE_INT_RGB)
        small.createGraphics().drawImage(image, 0, 0, small.width, small.height, null)
        return encoded(small, "jpg")
    }

    override fun drawn(strokes: List<Stroke>, widthPixels: Int, heightPixels: Int): ByteArray =
        encoded(draw(BufferedImage(widthPixels, heightPixels, BufferedImage.TYPE_INT_RGB), strokes, Color.WHITE), "png")

    fun plain(width: Int, height: Int, colour: Color): ByteArray {
        val image = BufferedImage(width, height, BufferedImage.TYPE_INT_RGB)
        image.createGraphics().apply { this.color = colour }.fillRect(0, 0, width, height)
        return encoded(image, "jpg")
    }

    private fun draw(image: BufferedImage, strokes: List<Stroke>, ink: Color): BufferedImage {
        val pen = image.createGraphics().apply {
            color = ink
            stroke = BasicStroke(6f)
        }

        fun x(point: StrokePoint) = (point.x * image.width).toInt()

        fun y(point: StrokePoint) = (point.y * image.height).toInt()
        strokes.forEach { it.points.zipWithNext { from, to -> pen.drawLine(x(from), y(from), x(to), y(to)) } }
        return image
    }

    private fun encoded(image: BufferedImage, format: String) = ByteArrayOutputStream().also { ImageIO.write(image, format, it) }.toByteArray()
}

/** The code on a seal. */
const val SEAL = "4006381333931"

/** A phone whose camera always takes the same picture and whose scanner always reads the same code. */
class DeskPhone(private val code: String = SEAL) : Phone {
    override val pictures = DesktopPictures
    override val preferences: Preferences = PreferencesInMemory()
    override val name = "desk phone"
    override val changePerson: (() -> Unit)? = {}
    override val pages = Pages { _, number -> PdfPage(DesktopPictures.plain(210, 297, Color.WHITE), number, 2) }

    /** What was given to other apps. */
    val shared = mutableListOf<String>()

    /** The sites it tells of when they are near. */
    var watched = emptyList<String>()
        private set

    /** When it rings for whoever works alone. */
    var alarms = emptyList<Alarm>()
        private set

    override fun here(): Place = HERE

    override fun navigate(to: Place) = Unit

    override fun scan(read: (String) -> Unit) = read(code)

    override fun share(text: String) {
        shared += text
    }

    override fun share(document: OpenedDocument) {
        shared += document.file.fileName
    }

    override fun watch(destinations: List<Destination>) {
        watched = destinations.map { it.site }
    }

    override fun ring(alarms: List<Alarm>) {
        this.alarms = alarms
    }

    override fun looksAnew() = Unit

    override fun beginsAnew() = Unit

    override fun take(taken: (ByteArray) -> Unit) = taken(DesktopPictures.plain(640, 480, Color(70, 110, 90)))

    override fun shown(photo: ByteArray): ImageBitmap = Image.makeFromEncoded(photo).toComposeImageBitmap()
}

/** A technician's phone in the middle of a day. */
class BusyDay(val tina: Technician) {
    private val site = Office.creates("cmn_location", "name" to "Waterworks North", "latitude" to "48.20", "longitude" to "11.62").sysId.hex
    private val far = Office.creates("cmn_location", "name" to "Mill Street 7", "latitude" to "48.11", "longitude" to "11.52").sysId.hex
    val asset: RecordId = Office.creates("alm_asset", "display_name" to "Pump 12", "serial_number" to "P-0012", "assigned_to" to tina.user.hex)
    val job: RecordId = Office.sends(tina, "Change the seal of pump 12", "location" to site, "asset" to asset.sysId.hex)
    private val disputed = Office.sends(tina, "Measure the pressure", "location" to far)

    /** Work of every kind. */
    suspend fun begins(): BusyDay {
        val seal = Office.creates("cmdb_model", "display_name" to "Seal 40 mm", "barcode" to SEAL).sysId
        stocks(tina, van(tina), "Seals 40 mm", "model" to seal.hex, "quantity" to "10")
        tina.begins()
        val job = JobPresenter(tina.core, job).also { it.show() }
        listOf("accept", "start_work").forEach { step -> check(job.take(step)) { "$step: ${job.state.value.problem}" } }
        job.comment("The old seal was brittle")
        ChecklistPresenter(tina.core, this.job).answer("Is the valve tight?", "yes")
        val parts = PartsPresenter(tina.core, this.job).also { it.show() }
        parts.use(parts.content.van.first(), 1)
        PhotosPresenter(tina.core, this.job, DesktopPictures).add(DesktopPictures.plain(640, 480, Color(70, 110, 90)), emptyList(), "pump.jpg")
        tina.core.execute(Command.AddFile(this.job, Captured(Content.Bytes(byteArrayOf(1)), "manual.pdf", "application/pdf")))
        TimePresenter(tina.core, this.job).run {
            logLast("work", 30)
            read("pressure", "48.5", "kPa")
        }
        JobPresenter(tina.core, disputed).also { it.show() }.change(mapOf("description" to "48 kPa"))
        Office.changes(disputed, "description" to "50 kPa")
        tina.syncs()
        job.note("Order more seals")
        return this
    }

    /** Every screen by its name. */
    fun screens(): Map<String, @Composable () -> Unit> {
        val (core, phone) = tina.core to DeskPhone()
        val scope = CoroutineScope(Dispatchers.Default)
        return mapOf(
            "today" to { TodayScreen(remember { TodayPresenter(core) }, phone::here, {}, {}) },
            "job" to { JobScreen(remember { JobPresenter(core, job) }, phone::share, {}) {} },
            "checklist" to { ChecklistScreen(remember { ChecklistPresenter(core, job) }) },
            "parts" to { PartsScreen(remember { PartsPresenter(core, job) }, phone::scan) },
            "van" to { PartsScreen(remember { PartsPresenter(core, null) }, phone::scan) },
            "swap" to { SwapScreen(remember { SwapPresenter(core, job) }, phone::scan) },
            "thing" to { ThingScreen(remember { ThingPresenter(core, asset) }) {} },
            "photos" to { PhotosScreen(remember { PhotosPresenter(core, job, phone.pictures) }, phone) },
            "documents" to { DocumentsScreen(remember { opened(DocumentsPresenter(core, job, phone.pages)) }, phone::shown, phone::share) },
            "signature" to { SignatureScreen(remember { SignaturePresenter(core, job, phone.pictures) }) },
            "safety" to { SafetyScreen(remember { SafetyPresenter(core) }, job) },
            "expenses" to { ExpensesScreen(remember { ExpensesPresenter(core, job) }, phone) },
            "follow_up" to { FollowUpScreen(remember { FollowUpPresenter(core, job) }) },
            "time" to { TimeScreen(remember { TimePresenter(core, job) }) },
            "search" to { SearchScreen(remember { found(SearchPresenter(core)) }, phone::scan) {} },
            "news" to { NewsScreen(remember { NewsPresenter(core) }) {} },
            "attention" to { AttentionScreen(remember { AttentionPresenter(core) }) {} },
            "sync" to { SyncScreen(remember { SyncPresenter(core, scope) }) },
            "more" to { MoreScreen(remember { SyncPresenter(core, scope) }, phone.changePerson) {} },
            "settings" to { SettingsScreen(remember { SettingsPresenter(core, phone.preferences, "phone") }, {}, {}, {}) },
            "kiosk" to { KioskScreen(remember { shared() }) {} },
        )
    }

    private fun found(search: SearchPresenter) = search.also { runBlocking { it.search("pump") } }

    private fun opened(documents: DocumentsPresenter) = documents.also {
        runBlocking {
            it.show()
            it.open(it.content.files.single())
        }
    }

    private fun shared() = KioskPresenter(PreferencesInMemory(), { tina.store }, tina.core.clock).also {
        runBlocking { listOf("Tina", "Mia").forEach { name -> it.add(name, "2580", "1357") } }
    }
}

/** A screen in a language, in its direction and with its theme. */
@Composable
fun InLanguage(language: String, core: CoreCalls, isDark: Boolean = false, isHighContrast: Boolean = false, content: @Composable () -> Unit) {
    val direction = if (language == "ar") LayoutDirection.Rtl else LayoutDirection.Ltr
    CompositionLocalProvider(LocalWords provides remember { XmlWords(language) }, LocalClock provides core.clock, LocalLayoutDirection provides direction) {
        FieldlineTheme(isDark, isHighContrast, content)
    }
}
