// The frame of every screen: its title, the way back, what went wrong and what helps, and then its content.

package org.fieldline.screens

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.compositionLocalOf
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.setValue
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import kotlinx.coroutines.launch
import org.fieldline.app.Presenter
import org.fieldline.app.Problem
import org.fieldline.app.Remedy

/** Does something a person asked for. What is touched again before it is done was touched once too often. */
typealias Does = (suspend () -> Unit) -> Unit

/** Where a way out of a problem leads. */
val LocalRemedies = staticCompositionLocalOf<(Remedy) -> Unit> { {} }

/** Grows whenever something came that a screen may show. */
val LocalChanges = compositionLocalOf { 0 }

/** The way back, where there is one. */
val LocalBack = staticCompositionLocalOf<(() -> Unit)?> { null }

/** `above` stays in sight wherever the list is scrolled to. */
@Composable
fun <T> Screen(
    presenter: Presenter<T>,
    title: String,
    tag: String,
    show: suspend () -> Unit,
    above: @Composable (T) -> Unit = {},
    content: LazyListScope.(T, Does) -> Unit,
) {
    val shown by presenter.state.collectAsState()
    val scope = rememberCoroutineScope()
    var isDoing by remember { mutableStateOf(false) }
    val does: Does = { work ->
        if (!isDoing) {
            isDoing = true
            scope.launch { work() }.invokeOnCompletion { isDoing = false }
        }
    }
    LaunchedEffect(presenter, LocalChanges.current) { show() }
    // Read here and not in the list, which would notice a change of its own accord only.
    val now = shown.content
    Surface(Modifier.fillMaxSize().testTag(tag), color = MaterialTheme.colorScheme.background) {
        Column {
            Title(title)
            Box(Modifier.height(4.dp)) { if (shown.isBusy) LinearProgressIndicator(Modifier.fillMaxWidth()) }
            shown.problem?.let { ProblemCard(it, presenter::understood) }
            above(now)
            LazyColumn(contentPadding = PaddingValues(GAP), verticalArrangement = Arrangement.spacedBy(GAP)) {
                content(now, does)
            }
        }
    }
}

@Composable
private fun Title(title: String) {
    val back = LocalBack.current
    Row(Modifier.fillMaxWidth().heightIn(min = TOUCH).padding(horizontal = GAP), verticalAlignment = Alignment.CenterVertically) {
        if (back != null) {
            TextButton(back, Modifier.heightIn(min = TOUCH).widthIn(min = TOUCH).testTag("back")) { Text(say(Word.BACK)) }
        }
        Text(title, Modifier.semantics { heading() }, style = MaterialTheme.typography.headlineSmall)
    }
}

/** What went wrong, read out when it comes, with the button that helps. */
@Composable
private fun ProblemCard(problem: Problem, understood: () -> Unit) {
    val remedies = LocalRemedies.current
    val colours = MaterialTheme.colorScheme
    val card = Modifier.fillMaxWidth().testTag("problem").semantics { liveRegion = LiveRegionMode.Assertive }
    Surface(card, color = colours.errorContainer, contentColor = colours.onErrorContainer) {
        Column(Modifier.padding(GAP), Arrangement.spacedBy(8.dp)) {
            if (problem.told.isNotEmpty()) Text(problem.told)
            Text(say(Word.valueOf("REMEDY_${problem.remedy.name}")), style = MaterialTheme.typography.titleSmall)
            if (problem.remedy in listOf(Remedy.SIGN_IN, Remedy.SYNC)) {
                MainButton(say(if (problem.remedy == Remedy.SYNC) Word.SYNC_NOW else Word.SIGN_IN), "problem.remedy") {
                    understood()
                    remedies(problem.remedy)
                }
            }
            OtherButton(say(Word.UNDERSTOOD), "problem.understood", onClick = understood)
        }
    }
}
