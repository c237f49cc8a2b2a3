// Every screen shows what the core keeps, and can be used with gloves and by ear.

package org.fieldline.screens

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.requiredSize
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.junit4.createComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.unit.dp
import kotlinx.coroutines.runBlocking
import org.fieldline.app.Office
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.BeforeClass
import org.junit.Rule
import org.junit.Test

@OptIn(ExperimentalTestApi::class)
class ScreensTest {
    @get:Rule val rule = createComposeRule()

    @Test fun `today shows the jobs of the day`() = shows("today", "today.map", "today.plan")

    @Test fun `a job shows its steps, its form and its journal`() = shows("job", "job.step.pause", "job.step.complete", "job.share", "job.comment.0")

    @Test fun `the checklist shows its answers`() = shows("checklist", "checklist.Is the valve tight?")

    @Test fun `parts show the van and what was used`() = shows("parts", "parts.used.Seal 40 mm", "parts.van.Seals 40 mm", "parts.code.scan")

    @Test fun `the van can be counted`() = shows("van", "parts.van.Seals 40 mm", "parts.count.Seals 40 mm", screen = "parts")

    @Test fun `a swap asks for two plates, and where what is removed goes`() =
        shows("swap", "swap.expected", "swap.removed.scan", "swap.installed.scan", "swap.defective", "swap.now")

    @Test fun `a thing shows the work on it`() = shows("thing", "thing.serial_number")

    @Test fun `photos show their thumbnails`() = shows("photos", "photos.0", "photos.small.0")

    @Test fun `a document shows its page and can be shared`() = shows("documents", "documents.0", "documents.page", "documents.next", "documents.share")

    @Test fun `the signature pad is there, and a way without it`() = shows("signature", "signature.pad", "signature.sign", "signature.refuse")

    @Test fun `whoever works alone can say that they are safe and call for help`() = shows("safety", "safety.safe", "safety.help")

    @Test fun `expenses are noted with a receipt or as a way`() = shows("expenses", "expenses.parking", "expenses.save")

    @Test fun `another visit and a defect are opened from a job`() = shows("follow_up", "follow_up.wm_task", "follow_up.incident")

    @Test fun `time shows its totals and readings`() = shows("time", "time.total.work", "time.reading.0")

    @Test fun `search shows what was found`() = shows("search", "search.browse.wm_task", "search.found.Pump 12")

    @Test fun `what changed can be looked at`() = shows("news", "news.looked")

    @Test fun `what needs attention shows both values`() = shows("attention")

    @Test fun `sync tells what is unsent`() = shows("sync", "sync.summary", "sync.unsent")

    @Test fun `more leads to the rest`() = shows("more", "more.sync", "more.van", "more.settings")

    @Test fun `settings sign in and wipe`() = shows("settings", "settings.signin", "settings.wipe", "settings.language.ar")

    @Test fun `a shared phone asks who is there`() = shows("kiosk", "kiosk.user.Tina", "kiosk.enter", "kiosk.administrator")

    /** The screen is tall enough to show everything at once. */
    private fun shows(name: String, vararg tags: String, screen: String = name) {
        val shown = day.screens().getValue(name)
        rule.setContent { InLanguage("en", day.tina.core) { Box(Modifier.requiredSize(400.dp, 6_000.dp)) { shown() } } }
        tags.forEach { tag -> rule.waitUntil("$tag is there", 20_000) { has(hasTestTag(tag)) } }
        rule.waitUntil("$name can be used", 20_000) { has(hasClickAction()) }
        rule.onNodeWithTag(screen).assertExists()
        rule.onAllNodes(hasClickAction()).fetchSemanticsNodes().forEach(::isUsable)
    }

    private fun has(what: SemanticsMatcher) = rule.onAllNodes(what).fetchSemanticsNodes().isNotEmpty()

    private fun isUsable(node: SemanticsNode) {
        val tag = node.config.getOrNull(SemanticsProperties.TestTag)
        val height = node.size.height / rule.density.density
        assertTrue("$tag is $height dp high", height >= 48f)
        assertTrue("$tag has a tag", tag != null)
        val label = node.config.getOrNull(SemanticsProperties.Text).orEmpty().joinToString { it.text } +
            node.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty().joinToString()
        assertTrue("$tag has a label", label.isNotBlank())
        assertEquals("$tag is named once", 1, rule.onAllNodes(hasTestTag(tag!!)).fetchSemanticsNodes().size)
        assertTrue(node.config.getOrNull(SemanticsActions.OnClick) != null)
    }

    companion object {
        private lateinit var day: BusyDay

        @BeforeClass @JvmStatic
        fun begins() = runBlocking { day = BusyDay(Office.technician()).begins() }

        @AfterClass @JvmStatic
        fun ends() = day.tina.close()
    }
}
