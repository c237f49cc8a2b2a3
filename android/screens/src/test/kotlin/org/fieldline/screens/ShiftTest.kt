// A shift on the whole app, played by touch: signing in, a job from the first step to the last, and the truth about the sync.

package org.fieldline.screens

import androidx.compose.runtime.remember
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.hasAnyAncestor
import androidx.compose.ui.test.hasScrollAction
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isEnabled
import androidx.compose.ui.test.junit4.createComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollToNode
import androidx.compose.ui.test.performTextClearance
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.performTouchInput
import androidx.compose.ui.test.swipeRight
import org.fieldline.app.Office
import org.fieldline.app.PASSWORD
import org.fieldline.app.stocks
import org.fieldline.app.van
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test

/** What is in sight wherever a list is scrolled to. */
private val PINNED = listOf("back", "parts.uncovered", "swap.swapped")

@OptIn(ExperimentalTestApi::class)
class ShiftTest {
    @get:Rule val rule = createComposeRule()

    @Test
    fun `a technician signs in, does a job and sees that everything is sent`() = Office.technician().use { tina ->
        val site = Office.creates("cmn_location", "name" to "Waterworks", "latitude" to "48.137", "longitude" to "11.575")
        val record = Office.sends(tina, "Change the pump", "location" to site.sysId.hex)
        val number = Office.reads(record).getString("number")
        val phone = DeskPhone()
        rule.setContent { InLanguage("en", tina.core) { FieldlineApp(tina.core, phone) } }
        signIn(tina.name)
        touch("today.job.$number")
        touch("job.share")
        assertEquals(listOf("$number\nChange the pump\nWaterworks"), phone.shared)
        listOf("accept", "start_travel").forEach { touch("job.step.$it") }
        rule.waitUntil("the site is watched", 20_000) { phone.watched == listOf("Waterworks") }
        touch("job.step.arrive")
        rule.waitUntil("the site is not watched any more", 20_000) { phone.watched.isEmpty() }
        touch("job.step.start_work")
        pause()
        touch("job.step.resume")
        sign()
        touch("job.step.complete")
        await("job.head", "Closed complete")
        sendsAll()
        assertEquals("3", Office.reads(record).getString("state"))
    }

    @Test
    fun `what goes wrong is told with what helps`() = Office.technician().use { tina ->
        rule.setContent { InLanguage("en", tina.core) { FieldlineApp(tina.core, remember { DeskPhone() }) } }
        touch("tab.more")
        touch("more.settings")
        enter("settings.server", Office.url)
        enter("settings.user", tina.name)
        enter("settings.password", "wrong")
        touch("settings.signin")
        rule.waitUntil(20_000) { rule.onAllNodes(hasText("password is wrong", substring = true)).fetchSemanticsNodes().isNotEmpty() }
        touch("problem.understood")
        rule.waitUntil(20_000) { rule.onAllNodes(hasTestTag("problem")).fetchSemanticsNodes().isEmpty() }
    }

    @Test
    fun `the phone rings for whoever works alone, later once they said that they are safe, and no more after the job`() =
        Office.technician().use { tina ->
            val record = Office.sends(tina, "Open the tank", "check_in_interval" to "1800")
            val phone = DeskPhone()
            rule.setContent { InLanguage("en", tina.core) { FieldlineApp(tina.core, phone) } }
            signIn(tina.name)
            touch("today.job.${Office.reads(record).getString("number")}")
            listOf("accept", "start_travel").forEach { touch("job.step.$it") }
            rule.waitUntil("an alarm is set", 20_000) { phone.alarms.isNotEmpty() }
            val first = phone.alarms.single()
            touch("job.safety")
            touch("safety.safe")
            rule.waitUntil("the alarm is put off", 20_000) { phone.alarms.single().at > first.at }
            touch("back")
            listOf("arrive", "start_work", "complete").forEach { touch("job.step.$it") }
            rule.waitUntil("the alarm is taken back", 20_000) { phone.alarms.isEmpty() }
            sendsAll()
        }

    @Test
    fun `a technician scans a seal, uses it on a job without cover, and counts the van`() = Office.technician().use { tina ->
        val seal = Office.creates("cmdb_model", "display_name" to "Seal", "barcode" to "SHIFT-1").sysId.hex
        val lot = stocks(tina, van(tina), "Seals", "model" to seal, "quantity" to "1")
        val number = Office.reads(Office.sends(tina, "Change the seal")).getString("number")
        rule.setContent { InLanguage("en", tina.core) { FieldlineApp(tina.core, remember { DeskPhone("SHIFT-1") }) } }
        signIn(tina.name)
        touch("today.job.$number")
        touch("job.parts")
        touch("parts.code.scan")
        await("parts.van.Seals", "May be taken without asking: 0 of 1")
        touch("parts.code.scan")
        await("parts.uncovered", "Seals was used without cover")
        touch("tab.search")
        touch("search.text.scan")
        scrollTo("thing.asset.Seals")
        touch("tab.more")
        touch("more.van")
        touch("parts.count.Seals")
        enter("parts.count.found", "4")
        touch("parts.count.save")
        await("parts.counted", "Noted: 4 found")
        sendsAll()
        assertEquals("4", Office.reads(lot).getString("quantity"))
    }

    @Test
    fun `the wrong plate is told with the one expected, and the right one is swapped`() = Office.technician().use { tina ->
        val model = "model" to Office.creates("cmdb_model", "display_name" to "Valve").sysId.hex
        val old = Office.creates("alm_asset", "display_name" to "Valve", "serial_number" to "SN-OLD", "assigned_to" to tina.user.hex, model)
        val new = stocks(tina, van(tina), "Valve", "serial_number" to "SN-NEW", "install_status" to "6", model)
        val job = Office.sends(tina, "Change the valve", "asset" to old.sysId.hex)
        rule.setContent { InLanguage("en", tina.core) { FieldlineApp(tina.core, remember { DeskPhone("SN-NEW") }) } }
        signIn(tina.name)
        touch("today.job.${Office.reads(job).getString("number")}")
        touch("job.swap")
        touch("swap.installed.scan")
        enter("swap.removed", "SN-OTHER")
        touch("swap.now")
        rule.waitUntil("the expected one is told", 20_000) {
            rule.onAllNodes(hasText("SN-OLD", substring = true) and hasAnyAncestor(hasTestTag("problem"))).fetchSemanticsNodes().isNotEmpty()
        }
        touch("problem.understood")
        rule.onNodeWithTag("swap.removed").performTextClearance()
        enter("swap.removed", "SN-OLD")
        touch("swap.now")
        await("swap.swapped", "Removed SN-OLD, installed SN-NEW")
        sendsAll()
        assertEquals("1", Office.reads(new).getString("install_status"))
    }

    private fun signIn(name: String) {
        touch("tab.more")
        touch("more.settings")
        enter("settings.server", Office.url)
        enter("settings.user", name)
        enter("settings.password", PASSWORD)
        touch("settings.signin")
    }

    private fun sendsAll() {
        touch("tab.more")
        touch("more.sync")
        touch("sync.now")
        await("sync.summary", "Everything made here is with the server")
    }

    private fun pause() {
        touch("job.step.pause")
        scrollTo("job.take")
        rule.onNodeWithTag("job.take").assertIsNotEnabled()
        touch("job.reason.waiting_for_parts")
        touch("job.take")
    }

    private fun sign() {
        touch("job.signature")
        enter("signature.name", "Mr Weber")
        scrollTo("signature.pad")
        rule.onNodeWithTag("signature.pad").performTouchInput { swipeRight() }
        touch("signature.sign")
        scrollTo("signature.signed.0")
        touch("back")
    }

    private fun enter(tag: String, text: String) {
        scrollTo(tag)
        rule.onNodeWithTag(tag).performTextInput(text)
    }

    private fun touch(tag: String) {
        scrollTo(tag)
        rule.waitUntil(20_000) { rule.onAllNodes(hasTestTag(tag) and isEnabled()).fetchSemanticsNodes().isNotEmpty() }
        rule.onNodeWithTag(tag).performClick()
        rule.waitForIdle()
    }

    private fun await(tag: String, text: String) {
        scrollTo(tag)
        rule.waitUntil(20_000) { rule.onAllNodes(hasTestTag(tag) and hasText(text, substring = true)).fetchSemanticsNodes().isNotEmpty() }
    }

    /** Waits until something is there and brings it to where it can be touched. */
    private fun scrollTo(tag: String) = rule.waitUntil("$tag is there", 20_000) {
        val isThere = { rule.onAllNodes(hasTestTag(tag)).fetchSemanticsNodes().isNotEmpty() }
        if (tag in PINNED || tag.startsWith("tab.") || tag.startsWith("problem")) return@waitUntil isThere()
        rule.waitForIdle()
        runCatching { rule.onNode(hasScrollAction()).performScrollToNode(hasTestTag(tag)) }.isSuccess && isThere()
    }
}
