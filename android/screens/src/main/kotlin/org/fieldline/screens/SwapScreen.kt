// One asset out, another in: two plates, where the removed one goes, and whether it is broken.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.Stockroom
import org.fieldline.app.SwapPresenter
import org.fieldline.app.Swapping

@Composable
fun SwapScreen(presenter: SwapPresenter, scan: Scan) {
    var removed by remember { mutableStateOf("") }
    var installed by remember { mutableStateOf("") }
    var chosen by remember { mutableStateOf<Stockroom?>(null) }
    var isDefective by remember { mutableStateOf(false) }
    Screen(presenter, say(Word.SWAP), "swap", { presenter.show() }, above = { Outcome(it) }) { swapping, does ->
        val into = chosen ?: swapping.van
        if (swapping.expected.isNotEmpty()) item { Line(say(Word.EXPECTED_PLATE, swapping.expected), "swap.expected") }
        item { CodeEntry(say(Word.REMOVED_PLATE), removed, "swap.removed", scan, { removed = it }) { removed = it } }
        item { CodeEntry(say(Word.INSTALLED_PLATE), installed, "swap.installed", scan, { installed = it }) { installed = it } }
        item { Heading(say(Word.TAKE_ALONG_TO)) }
        items(swapping.stockrooms, { it.id.hex }) { room -> Chosen(room.name, "swap.to.${room.id.hex}", room == into) { chosen = room } }
        item { OnOff(say(Word.IS_DEFECTIVE), "swap.defective", isDefective) { isDefective = it } }
        item {
            MainButton(say(Word.SWAP_NOW), "swap.now", removed.isNotBlank() && installed.isNotBlank()) {
                does {
                    if (presenter.swap(removed.trim(), installed.trim(), into?.id, isDefective)) {
                        removed = ""
                        installed = ""
                        isDefective = false
                    }
                }
            }
        }
    }
}

@Composable
private fun Outcome(swapping: Swapping) {
    val (removed, installed) = swapping.swapped ?: return
    Told(say(Word.SWAPPED, removed, installed), "swap.swapped")
    if (swapping.isUncovered) Told(say(Word.USED_UNCOVERED, installed), "swap.uncovered", isUrgent = true)
}
