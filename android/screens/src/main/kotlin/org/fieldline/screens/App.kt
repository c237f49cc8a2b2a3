// The whole app on one phone: which screen is shown, and the way from one to another.

package org.fieldline.screens

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.Stable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateListOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.selected
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import kotlinx.coroutines.launch
import org.fieldline.app.Alarm
import org.fieldline.app.AttentionPresenter
import org.fieldline.app.ChecklistPresenter
import org.fieldline.app.CoreCalls
import org.fieldline.app.Destination
import org.fieldline.app.DocumentsPresenter
import org.fieldline.app.ExpensesPresenter
import org.fieldline.app.FollowUpPresenter
import org.fieldline.app.JobPresenter
import org.fieldline.app.NewsPresenter
import org.fieldline.app.OpenedDocument
import org.fieldline.app.Pages
import org.fieldline.app.PartsPresenter
import org.fieldline.app.PhotosPresenter
import org.fieldline.app.Pictures
import org.fieldline.app.Preferences
import org.fieldline.app.Remedy
import org.fieldline.app.SafetyPresenter
import org.fieldline.app.SearchPresenter
import org.fieldline.app.SettingsPresenter
import org.fieldline.app.SignaturePresenter
import org.fieldline.app.SwapPresenter
import org.fieldline.app.SyncPresenter
import org.fieldline.app.THING_TABLES
import org.fieldline.app.ThingPresenter
import org.fieldline.app.TimePresenter
import org.fieldline.app.TodayPresenter
import org.fieldline.core.Place
import org.fieldline.core.RecordId

/** What only the phone can do. */
interface Phone : Camera {
    val pictures: Pictures
    val pages: Pages
    val preferences: Preferences
    val name: String

    fun here(): Place?

    fun navigate(to: Place)

    fun scan(read: (String) -> Unit)

    /** Offers a text to other apps. */
    fun share(text: String)

    /** Offers a document to other apps. */
    fun share(document: OpenedDocument)

    /** Tells when one of these sites is near, and of no others any more. */
    fun watch(destinations: List<Destination>)

    /** Rings at these moments, also while the app is closed, and at no others any more. */
    fun ring(alarms: List<Alarm>)

    /** The language or the contrast has changed. */
    fun looksAnew()

    /** The store is gone; another is opened. */
    fun beginsAnew()

    /** Somebody else takes this shared phone; nothing where it is not shared. */
    val changePerson: (() -> Unit)?
}

/** A screen and what it is about. */
sealed interface Where {
    data object Today : Where

    data object News : Where

    data object Attention : Where

    data object Search : Where

    data object More : Where

    data object Sync : Where

    data object Van : Where

    data object Settings : Where

    data class Job(val record: RecordId) : Where

    data class Part(val job: RecordId, val part: JobPart) : Where

    data class Thing(val record: RecordId) : Where
}

/** Where a person is, and how they came there. */
@Stable
class Way(first: Where = Where.Today) {
    private val stack = mutableStateListOf(first)
    val now: Where get() = stack.last()
    val canGoBack: Boolean get() = stack.size > 1

    fun to(where: Where) {
        stack.add(where)
    }

    /** A tab begins a way of its own. */
    fun over(where: Where) {
        stack.clear()
        stack.add(where)
    }

    fun back() {
        if (canGoBack) stack.removeAt(stack.lastIndex)
    }
}

private val TABS = listOf(
    Where.Today to Word.TODAY,
    Where.News to Word.WHAT_CHANGED,
    Where.Attention to Word.ATTENTION,
    Where.Search to Word.SEARCH,
    Where.More to Word.MORE,
)

@Composable
fun FieldlineApp(core: CoreCalls, phone: Phone, way: Way = remember { Way() }) {
    val scope = rememberCoroutineScope()
    val sync = remember(core) { SyncPresenter(core, scope) }
    val day = remember(core) { TodayPresenter(core) }
    val safety = remember(core) { SafetyPresenter(core) }
    var signIns by remember(core) { mutableIntStateOf(0) }
    // It ends where nobody is signed in, and begins anew when somebody is.
    LaunchedEffect(core, signIns) { sync.keepInStep() }
    val remedies: (Remedy) -> Unit = { remedy ->
        if (remedy == Remedy.SIGN_IN) way.to(Where.Settings) else scope.launch { sync.sync() }
    }
    val back = if (way.canGoBack) way::back else null
    val changes by sync.changes.collectAsState()
    CompositionLocalProvider(
        LocalRemedies provides remedies,
        LocalBack provides back,
        LocalClock provides core.clock,
        LocalChanges provides changes,
    ) {
        Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.background) {
            Column {
                Watching(day, safety, phone)
                Box(Modifier.weight(1f)) { Now(way, core, phone, sync, day, safety) { signIns++ } }
                Tabs(way)
            }
        }
    }
}

/** While somebody is on the way to a job, the phone tells when its site is near; whoever works alone is rung for. */
@Composable
private fun Watching(day: TodayPresenter, safety: SafetyPresenter, phone: Phone) {
    val destinations = day.state.collectAsState().value.content.destinations
    val alarms = safety.state.collectAsState().value.content.alarms
    LaunchedEffect(day, LocalChanges.current) { day.show() }
    LaunchedEffect(destinations) { phone.watch(destinations) }
    LaunchedEffect(safety, LocalChanges.current) { safety.show() }
    LaunchedEffect(alarms) { alarms?.let(phone::ring) }
}

@Composable
private fun Tabs(way: Way) {
    Row(Modifier.fillMaxWidth()) {
        TABS.forEach { (where, word) ->
            val isHere = way.now == where
            val tab = Modifier.weight(1f).heightIn(min = TOUCH).testTag("tab.${word.name.lowercase()}").semantics { selected = isHere }
            TextButton({ way.over(where) }, tab) {
                val colour = if (isHere) MaterialTheme.colorScheme.primary else MaterialTheme.colorScheme.onSurfaceVariant
                Text(say(word), color = colour, style = MaterialTheme.typography.labelMedium, textAlign = TextAlign.Center)
            }
        }
    }
}

@Composable
private fun Now(
    way: Way,
    core: CoreCalls,
    phone: Phone,
    sync: SyncPresenter,
    day: TodayPresenter,
    safety: SafetyPresenter,
    signedIn: () -> Unit,
) {
    val stepped = suspend {
        day.show()
        safety.show()
        Unit
    }
    val open: (RecordId) -> Unit = { record -> way.to(if (record.table in THING_TABLES) Where.Thing(record) else Where.Job(record)) }
    when (val where = way.now) {
        Where.Today -> TodayScreen(day, phone::here, open, phone::navigate)
        Where.News -> NewsScreen(remember(core) { NewsPresenter(core) }, open)
        Where.Attention -> AttentionScreen(remember(core) { AttentionPresenter(core) }, open)
        Where.Search -> SearchScreen(remember(core) { SearchPresenter(core) }, phone::scan, open)
        Where.More -> MoreScreen(sync, phone.changePerson, way::to)
        Where.Sync -> SyncScreen(sync)
        Where.Van -> PartsScreen(remember(core) { PartsPresenter(core, null) }, phone::scan)
        Where.Settings -> SettingsOf(core, phone) {
            signedIn()
            way.over(Where.Today)
        }
        is Where.Job -> JobScreen(remember(core, where) { JobPresenter(core, where.record) }, phone::share, stepped) {
            way.to(Where.Part(where.record, it))
        }
        is Where.Thing -> ThingScreen(remember(core, where) { ThingPresenter(core, where.record) }, open)
        is Where.Part -> Part(where, core, phone, safety, open)
    }
}

@Composable
private fun SettingsOf(core: CoreCalls, phone: Phone, signedIn: () -> Unit) {
    val presenter = remember(core) { SettingsPresenter(core, phone.preferences, phone.name) }
    SettingsScreen(presenter, signedIn, phone::beginsAnew, phone::looksAnew)
}

@Composable
private fun Part(where: Where.Part, core: CoreCalls, phone: Phone, safety: SafetyPresenter, open: (RecordId) -> Unit) {
    val job = where.job
    when (where.part) {
        JobPart.CHECKLIST -> ChecklistScreen(remember(core, job) { ChecklistPresenter(core, job) })
        JobPart.PARTS -> PartsScreen(remember(core, job) { PartsPresenter(core, job) }, phone::scan)
        JobPart.SWAP -> SwapScreen(remember(core, job) { SwapPresenter(core, job) }, phone::scan)
        JobPart.PHOTOS -> PhotosScreen(remember(core, job) { PhotosPresenter(core, job, phone.pictures) }, phone)
        JobPart.DOCUMENTS -> DocumentsScreen(remember(core, job) { DocumentsPresenter(core, job, phone.pages) }, phone::shown, phone::share)
        JobPart.SIGNATURE -> SignatureScreen(remember(core, job) { SignaturePresenter(core, job, phone.pictures) })
        JobPart.TIME -> TimeScreen(remember(core, job) { TimePresenter(core, job) })
        JobPart.SAFETY -> SafetyScreen(safety, job)
        JobPart.EXPENSES -> ExpensesScreen(remember(core, job) { ExpensesPresenter(core, job) }, phone)
        JobPart.FOLLOW_UP -> FollowUpScreen(remember(core, job) { FollowUpPresenter(core, job) })
        JobPart.ASSET -> AssetOf(remember(core, job) { JobPresenter(core, job) }, core, open)
    }
}

/** The asset a job is about, where it names one. */
@Composable
private fun AssetOf(job: JobPresenter, core: CoreCalls, open: (RecordId) -> Unit) {
    val shown by job.state.collectAsState()
    LaunchedEffect(job, LocalChanges.current) { job.show() }
    val asset = shown.content.asset ?: return Screen(job, say(Word.ASSET), "asset", {}) { _, _ -> item { Line(say(Word.NOT_HERE), "asset.none") } }
    ThingScreen(remember(core, asset) { ThingPresenter(core, asset) }, open)
}
