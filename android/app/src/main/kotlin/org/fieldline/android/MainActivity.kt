// The app's only window: unlocks the store, shows the screens, and on a shared phone asks who is there first.

package org.fieldline.android

import android.Manifest
import android.app.admin.DevicePolicyManager
import android.os.Build
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.BackHandler
import androidx.activity.compose.setContent
import androidx.activity.result.contract.ActivityResultContracts.RequestMultiplePermissions
import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.ExperimentalComposeUiApi
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.semantics.testTagsAsResourceId
import androidx.compose.ui.unit.LayoutDirection
import kotlinx.coroutines.Dispatchers
import org.fieldline.app.CoreCalls
import org.fieldline.app.KioskPresenter
import org.fieldline.app.Problem
import org.fieldline.app.problemOf
import org.fieldline.core.FieldlineException
import org.fieldline.screens.FieldlineApp
import org.fieldline.screens.FieldlineTheme
import org.fieldline.screens.KioskScreen
import org.fieldline.screens.Line
import org.fieldline.screens.LocalClock
import org.fieldline.screens.LocalWords
import org.fieldline.screens.MainButton
import org.fieldline.screens.Together
import org.fieldline.screens.Way
import org.fieldline.screens.Word
import org.fieldline.screens.say
import java.time.Clock

class MainActivity : ComponentActivity() {
    private lateinit var phone: AndroidPhone
    private lateinit var unlock: Unlock
    private val preferences by lazy { AndroidPreferences(this) }
    private var core by mutableStateOf<CoreCalls?>(null)
    private var problem by mutableStateOf<Problem?>(null)
    private var looks by mutableIntStateOf(0)
    private val kiosk by lazy { KioskPresenter(preferences, { OpenStores.open(this, it) }, Clock.systemDefaultZone()) }
    private val asks = registerForActivityResult(RequestMultiplePermissions()) {}

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        unlock = Unlock(this)
        phone = AndroidPhone(this, preferences, { looks++ }, ::beginAnew, if (isShared()) ::changePerson else null)
        if (isShared()) startLockTask() else unlock.ask { open(OWN) }
        SyncJob.schedule(this)
        asks.launch(permissions())
        setContent { Look { Window() } }
    }

    /** A phone that its management lets this app keep to itself is one that people share. */
    private fun isShared() = getSystemService(DevicePolicyManager::class.java).isLockTaskPermitted(packageName)

    private fun permissions(): Array<String> {
        val wanted = mutableListOf(Manifest.permission.ACCESS_FINE_LOCATION, Manifest.permission.ACCESS_COARSE_LOCATION)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) wanted += Manifest.permission.POST_NOTIFICATIONS
        return wanted.toTypedArray()
    }

    private fun open(directory: String) = try {
        core = CoreCalls(OpenStores.open(this, directory), Dispatchers.IO, Clock.systemDefaultZone())
        problem = null
    } catch (found: FieldlineException) {
        problem = problemOf(found)
    }

    /** After wiping: the same person, an empty store. */
    private fun beginAnew() {
        val directory = OpenStores.current ?: OWN
        core = null
        OpenStores.close(directory)
        open(directory)
    }

    private fun changePerson() {
        core = null
        phone.watch(emptyList())
        phone.ring(emptyList())
        OpenStores.current?.let(OpenStores::close)
    }

    @OptIn(ExperimentalComposeUiApi::class)
    @Composable
    private fun Look(content: @Composable () -> Unit) {
        val words = remember(looks) { AndroidWords(this, preferences.read("language").orEmpty()) }
        val isHighContrast = remember(looks) { preferences.read("high_contrast").toBoolean() }
        val isRightToLeft = android.text.TextUtils.getLayoutDirectionFromLocale(words.locale) == android.view.View.LAYOUT_DIRECTION_RTL
        val direction = if (isRightToLeft) LayoutDirection.Rtl else LayoutDirection.Ltr
        CompositionLocalProvider(
            LocalWords provides words,
            LocalClock provides Clock.systemDefaultZone(),
            LocalLayoutDirection provides direction,
        ) {
            FieldlineTheme(isSystemInDarkTheme(), isHighContrast) {
                Box(Modifier.safeDrawingPadding().semantics { testTagsAsResourceId = true }) { content() }
            }
        }
    }

    @Composable
    private fun Window() {
        val opened = core
        val found = problem
        when {
            opened != null -> Work(opened)
            isShared() -> KioskScreen(kiosk) { open(it.directory) }
            found != null -> Locked(found)
        }
    }

    @Composable
    private fun Work(core: CoreCalls) {
        val way = remember(core) { Way() }
        BackHandler(way.canGoBack) { way.back() }
        FieldlineApp(core, phone, way)
    }

    @Composable
    private fun Locked(found: Problem) = Together {
        Line(found.told, "locked", isUrgent = true)
        MainButton(say(Word.valueOf("REMEDY_${found.remedy.name}")), "locked.unlock") { unlock.ask { open(OWN) } }
    }
}
