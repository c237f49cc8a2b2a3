// Without a phone: the app starts on Android's own classes and the real core, opens its store, and leads to signing in.

package org.fieldline.android

import android.view.View
import android.view.ViewGroup
import androidx.compose.ui.node.RootForTest
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getAllSemanticsNodes
import androidx.compose.ui.semantics.getOrNull
import org.junit.After
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File
import java.time.Duration

private val PATIENCE: Duration = Duration.ofSeconds(30)

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
@GraphicsMode(GraphicsMode.Mode.LEGACY)
class StartTest {
    @Before
    fun there_is_a_keystore() = KeystoreInMemory.install()

    @After
    fun nothing_stays_open() = OpenStores.close(OWN)

    @Test
    fun the_app_starts_with_an_empty_store_and_leads_to_signing_in() {
        Robolectric.buildActivity(MainActivity::class.java).setup().use { started ->
            val window = started.get().window.decorView
            for (tag in listOf("tab.more", "more.settings")) click(shown(window, tag))
            for (tag in listOf("settings.server", "settings.user", "settings.password")) {
                assertNotNull(tag, shown(window, tag).config.getOrNull(SemanticsActions.SetText))
            }
            assertNotNull(shown(window, "settings.signin"))
            assertNull(OpenStores.open(started.get(), OWN).enrolled())
            assertTrue(File(started.get().filesDir, "stores/$OWN/fieldline.db").exists())
        }
    }

    private fun click(node: SemanticsNode) {
        assertTrue(checkNotNull(node.config.getOrNull(SemanticsActions.OnClick)?.action)())
    }

    /** What has this tag, once it is on the screen. */
    private fun shown(window: View, tag: String): SemanticsNode {
        val end = System.nanoTime() + PATIENCE.toNanos()
        while (System.nanoTime() < end) {
            shadowOf(window.context.mainLooper).idleFor(Duration.ofMillis(16))
            nodes(window).firstOrNull { it.config.getOrNull(SemanticsProperties.TestTag) == tag }?.let { return it }
            Thread.sleep(5)
        }
        val there = nodes(window).mapNotNull { it.config.getOrNull(SemanticsProperties.TestTag) }
        throw AssertionError("there is no $tag, but $there")
    }

    private fun nodes(view: View): List<SemanticsNode> = when (view) {
        is RootForTest -> {
            // Nothing is drawn here, which is when Compose would lay out what is new.
            view.measureAndLayoutForTest()
            view.semanticsOwner.getAllSemanticsNodes(mergingEnabled = false)
        }

        is ViewGroup -> {
            (0 until view.childCount).flatMap { nodes(view.getChildAt(it)) }
        }

        else -> {
            emptyList()
        }
    }
}
