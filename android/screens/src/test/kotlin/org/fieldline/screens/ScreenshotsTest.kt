// Pictures of every screen, for people to look at, in light and dark, in three languages, from right to left and in large letters.

package org.fieldline.screens

import androidx.compose.runtime.Composable
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.unit.Density
import kotlinx.coroutines.runBlocking
import org.fieldline.app.Office
import org.jetbrains.skia.EncodedImageFormat
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File
import java.nio.file.Files

private const val WIDTH_PIXELS = 720
private const val HEIGHT_PIXELS = 1_600
private const val FRAMES = 12

class ScreenshotsTest {
    private val folder = System.getenv("FIELDLINE_SCREENSHOTS")?.let(::File) ?: Files.createTempDirectory("screenshots").toFile()

    @Test
    fun `every screen can be drawn in every theme and direction`() = runBlocking {
        val day = BusyDay(Office.technician()).begins()
        day.tina.use {
            folder.mkdirs()
            day.screens().forEach { (name, screen) -> picture(name) { InLanguage("en", day.tina.core) { screen() } } }
            for (name in listOf("today", "job", "sync", "attention")) {
                val screen = day.screens().getValue(name)
                picture("$name-dark") { InLanguage("en", day.tina.core, isDark = true) { screen() } }
                picture("$name-de") { InLanguage("de", day.tina.core) { screen() } }
                picture("$name-ar") { InLanguage("ar", day.tina.core) { screen() } }
                picture("$name-contrast") { InLanguage("en", day.tina.core, isDark = true, isHighContrast = true) { screen() } }
                picture("$name-large", fontScale = 2f) { InLanguage("es", day.tina.core) { screen() } }
            }
        }
    }

    /** Draws frame after frame, so that what the core answers meanwhile is shown. */
    private fun picture(name: String, fontScale: Float = 1f, content: @Composable () -> Unit) {
        val scene = ImageComposeScene(WIDTH_PIXELS, HEIGHT_PIXELS, Density(2f, fontScale), content = content)
        try {
            repeat(FRAMES) { frame ->
                scene.render(frame * 100_000_000L)
                Thread.sleep(25)
            }
            val png = scene.render(FRAMES * 100_000_000L).encodeToData(EncodedImageFormat.PNG)!!.bytes
            assertTrue("$name shows something", png.size > 5_000)
            File(folder, "$name.png").writeBytes(png)
        } finally {
            scene.close()
        }
    }
}
