// Controls large enough for gloves, each with a label for whoever listens and a tag for whoever tests.

package org.fieldline.screens

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.Button
import androidx.compose.material3.Card
import androidx.compose.material3.CardDefaults
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.unit.dp

/** The least height of what is touched. */
val TOUCH = 56.dp
val GAP = 12.dp

/** Controls that belong together. */
@Composable
fun Together(content: @Composable ColumnScope.() -> Unit) {
    Column(Modifier.fillMaxWidth(), Arrangement.spacedBy(GAP), content = content)
}

@Composable
fun MainButton(text: String, tag: String, isEnabled: Boolean = true, onClick: () -> Unit) {
    Button(onClick, Modifier.fillMaxWidth().heightIn(min = TOUCH).testTag(tag), isEnabled) { Text(text) }
}

@Composable
fun OtherButton(text: String, tag: String, isEnabled: Boolean = true, onClick: () -> Unit) {
    OutlinedButton(onClick, Modifier.fillMaxWidth().heightIn(min = TOUCH).testTag(tag), isEnabled) { Text(text) }
}

@Composable
fun Entry(label: String, text: String, tag: String, isSecret: Boolean = false, onChange: (String) -> Unit) {
    OutlinedTextField(
        value = text,
        onValueChange = onChange,
        label = { Text(label) },
        visualTransformation = if (isSecret) PasswordVisualTransformation() else VisualTransformation.None,
        modifier = Modifier.fillMaxWidth().heightIn(min = TOUCH).testTag(tag).semantics { contentDescription = label },
    )
}

/** Reads a code and tells it; nothing where the phone cannot. */
typealias Scan = ((String) -> Unit) -> Unit

/** A code, a tag or a number, scanned or typed. */
@Composable
fun CodeEntry(label: String, text: String, tag: String, scan: Scan, scanned: (String) -> Unit, onChange: (String) -> Unit) = Together {
    Entry(label, text, tag, onChange = onChange)
    OtherButton(say(Word.SCAN), "$tag.scan") { scan(scanned) }
}

/** A row of a list; without `onClick` it only tells. */
@Composable
fun Line(title: String, tag: String, about: List<String> = emptyList(), isUrgent: Boolean = false, onClick: (() -> Unit)? = null) {
    val colours = MaterialTheme.colorScheme
    val container = if (isUrgent) colours.errorContainer else colours.secondaryContainer
    // Read out as one, whether it can be touched or not.
    val touch = if (onClick == null) Modifier.semantics(mergeDescendants = true) {} else Modifier.clickable(onClick = onClick, role = Role.Button)
    Card(
        modifier = Modifier.fillMaxWidth().heightIn(min = TOUCH).testTag(tag).then(touch),
        colors = CardDefaults.cardColors(container, if (isUrgent) colours.onErrorContainer else colours.onSecondaryContainer),
        border = if (container == colours.background) BorderStroke(2.dp, colours.outline) else null,
    ) {
        Column(Modifier.padding(GAP), Arrangement.spacedBy(4.dp)) {
            Text(title, style = MaterialTheme.typography.titleMedium)
            about.filter(String::isNotBlank).forEach { Text(it, style = MaterialTheme.typography.bodyMedium) }
        }
    }
}

/** What something led to, read out when it comes. */
@Composable
fun Told(text: String, tag: String, isUrgent: Boolean = false) {
    Box(Modifier.semantics { liveRegion = LiveRegionMode.Polite }) { Line(text, tag, isUrgent = isUrgent) }
}

@Composable
fun Heading(text: String) {
    Text(text, Modifier.padding(top = GAP), style = MaterialTheme.typography.titleLarge)
}

/** One of several, of which one is chosen. */
@Composable
fun Chosen(text: String, tag: String, isChosen: Boolean, onChoose: () -> Unit) {
    val row = Modifier.fillMaxWidth().heightIn(min = TOUCH).testTag(tag)
    Row(row.selectable(isChosen, role = Role.RadioButton, onClick = onChoose), Arrangement.spacedBy(GAP), Alignment.CenterVertically) {
        RadioButton(selected = isChosen, onClick = null)
        Text(text)
    }
}

@Composable
fun OnOff(text: String, tag: String, isOn: Boolean, onChange: (Boolean) -> Unit) {
    val row = Modifier.fillMaxWidth().heightIn(min = TOUCH).testTag(tag)
    Row(row.toggleable(isOn, role = Role.Switch, onValueChange = onChange), Arrangement.SpaceBetween, Alignment.CenterVertically) {
        Text(text, Modifier.weight(1f))
        Switch(checked = isOn, onCheckedChange = null)
    }
}
