// The flows Maestro plays on a phone, judged without one: every line is a command it is given rightly, and every id is on a screen.

package org.fieldline.screens

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.requiredSize
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.junit4.createComposeRule
import androidx.compose.ui.unit.dp
import kotlinx.coroutines.runBlocking
import org.fieldline.app.JobPresenter
import org.fieldline.app.Office
import org.fieldline.app.SignaturePresenter
import org.fieldline.app.Stroke
import org.fieldline.app.StrokePoint
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import java.io.File

private val FLOWS = File("android/maestro").listFiles { file -> file.extension == "yaml" }!!.sortedBy { it.name }

private const val TEXT = """"[^"]*""""
private const val ELEMENT = """\{ id: "[a-z_.*\d]+"(, index: \d+)?(, containsDescendants: \[\{ text: $TEXT \}\])? \}"""

/** The commands used, with what Maestro takes for them. */
private val COMMANDS = mapOf(
    "launchApp" to "",
    "killApp" to "",
    "hideKeyboard" to "",
    "tapOn" to ELEMENT,
    "assertVisible" to ELEMENT,
    "assertNotVisible" to ELEMENT,
    "scrollUntilVisible" to """\{ element: $ELEMENT \}""",
    "extendedWaitUntil" to """\{ visible: $ELEMENT, timeout: \d+ \}""",
    "swipe" to """\{ from: $ELEMENT, direction: (UP|DOWN|LEFT|RIGHT) \}""",
    "inputText" to """($TEXT|\$\{[A-Z]+\})""",
    "setAirplaneMode" to "(enabled|disabled)",
    "runFlow" to """\w+\.yaml""",
).mapValues { (name, given) -> Regex(if (given.isEmpty()) "- $name" else "- $name: $given") }

/** Starting the app with settings is the one command of several lines. */
private val LAUNCH = Regex("""- launchApp:\n    clearState: (true|false)\n    permissions: \{ \w+: (allow|deny)(, \w+: (allow|deny))* \}\n""")

@OptIn(ExperimentalTestApi::class)
class FlowsTest {
    @get:Rule val rule = createComposeRule()
    private val seen = mutableSetOf<String>()
    private var screen by mutableStateOf<@Composable () -> Unit>({})

    @Test
    fun `every line of a flow is a command as Maestro takes it`() {
        assertTrue(FLOWS.isNotEmpty())
        FLOWS.forEach { flow ->
            val (head, steps) = flow.readText().split("---\n", limit = 2)
            assertEquals(flow.name, listOf("appId: org.fieldline.android"), head.lines().filter { it.isNotEmpty() && !it.startsWith("#") })
            steps.replace(LAUNCH, "").trimEnd().lines().forEach { line ->
                assertTrue("${flow.name}: $line", COMMANDS.values.any { it.matches(line) })
            }
        }
    }

    @Test
    fun `a flow that begins with another names one that is there`() = FLOWS.forEach { flow ->
        Regex("- runFlow: (.+)").findAll(flow.readText()).forEach { assertTrue(it.value, File(flow.parentFile, it.groupValues[1]).exists()) }
    }

    @Test
    fun `every id in a flow is the tag of something on a screen`() {
        val day = runBlocking { BusyDay(Office.technician()).begins() }
        day.tina.use {
            // Tall enough to show everything at once.
            rule.setContent { InLanguage("en", day.tina.core) { Box(Modifier.requiredSize(400.dp, 6_000.dp)) { screen() } } }
            looksAround(day)
            doesAJob(day)
        }
        // Maestro, too, takes ids as patterns.
        val ids = FLOWS.flatMap { flow -> Regex("""id: "([^"]+)"""").findAll(flow.readText()).map { it.groupValues[1] } }.toSortedSet()
        assertEquals(emptyList<String>(), ids.filter { id -> seen.none(Regex(id)::matches) })
    }

    private fun looksAround(day: BusyDay) {
        val line = Stroke(listOf(StrokePoint(0f, 0f), StrokePoint(1f, 1f)))
        runBlocking { SignaturePresenter(day.tina.core, day.job, DesktopPictures).run { draw(line) && sign("Mr Weber") } }
        val awaited = mapOf(
            "van" to "parts", "today" to "today.map", "signature" to "signature.signed.0", "settings" to "settings.signin",
            "sync" to "sync.unsent"
        )
        day.screens().forEach { (name, shown) -> look(awaited[name] ?: name, shown) }
        look("back") { FieldlineApp(day.tina.core, remember { DeskPhone() }, remember { Way().apply { to(Where.Job(day.job)) } }) }
    }

    private fun doesAJob(day: BusyDay) {
        val record = Office.sends(day.tina, "Change the pump")
        runBlocking { day.tina.syncs() }
        val job = JobPresenter(day.tina.core, record)
        for (step in listOf("accept", "start_travel", "arrive", "start_work", "pause")) {
            look("job.step.$step") { JobScreen(job, {}, {}) {} }
            runBlocking { job.choose(job.content.steps.single { it.step == step }) }
        }
        look("job.take")
        runBlocking { job.take("pause", "waiting_for_parts") }
        look("job.step.resume")
    }

    /** Waits until something is there, and remembers what else is. */
    private fun look(tag: String, shown: (@Composable () -> Unit)? = null) {
        if (shown != null) screen = shown
        rule.waitUntil("$tag is there", 20_000) { rule.onAllNodes(hasTestTag(tag)).fetchSemanticsNodes().isNotEmpty() }
        val tagged = rule.onAllNodes(SemanticsMatcher.keyIsDefined(SemanticsProperties.TestTag)).fetchSemanticsNodes()
        seen += tagged.mapNotNull { it.config.getOrNull(SemanticsProperties.TestTag) }
    }
}
