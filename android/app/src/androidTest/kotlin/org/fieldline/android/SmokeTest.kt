// On a real phone or an emulator: the app starts, opens its store with the Keystore's key, and shows its screens.

package org.fieldline.android

import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.junit4.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import org.fieldline.core.coreVersion
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith

@RunWith(AndroidJUnit4::class)
class SmokeTest {
    @get:Rule val rule = createAndroidComposeRule<MainActivity>()

    @Test
    fun the_app_starts_and_leads_to_signing_in() {
        rule.onNodeWithTag("tab.more").performClick()
        rule.onNodeWithTag("more.settings").performClick()
        rule.onNodeWithTag("settings.server").assertIsDisplayed()
        assertTrue(coreVersion().isNotEmpty())
    }

    @Test
    fun a_secret_is_kept_and_forgotten() {
        val secrets = KeystoreSecrets(InstrumentationRegistry.getInstrumentation().targetContext)
        secrets.save("smoke", byteArrayOf(1, 2, 3))
        assertArrayEquals(byteArrayOf(1, 2, 3), secrets.load("smoke"))
        secrets.remove("smoke")
        assertNull(secrets.load("smoke"))
    }
}
