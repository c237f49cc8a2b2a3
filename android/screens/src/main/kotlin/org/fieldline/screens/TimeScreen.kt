// Time spent on a job, and meters read.

package org.fieldline.screens

import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.itemsIndexed
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import org.fieldline.app.TIME_KINDS
import org.fieldline.app.TimePresenter

@Composable
fun TimeScreen(presenter: TimePresenter) {
    var minutes by remember { mutableStateOf("30") }
    Screen(presenter, say(Word.TIME), "time", { presenter.show() }) { time, does ->
        items(time.totals.toList(), { it.first }) { (kind, total) ->
            Line(named("time", kind), "time.total.$kind", listOf(say(Word.MINUTES, total.toMinutes().toString())))
        }
        item { Entry(say(Word.MINUTES_UNTIL_NOW), minutes, "time.minutes") { typed -> minutes = typed.filter(Char::isDigit) } }
        items(TIME_KINDS, { "log$it" }) { kind ->
            val count = minutes.toLongOrNull() ?: 0
            OtherButton(say(Word.ENTER_TIME, named("time", kind)), "time.log.$kind", count > 0) { does { presenter.logLast(kind, count) } }
        }
        itemsIndexed(time.entries) { index, entry ->
            Line(named("time", entry.kind), "time.entry.$index", listOf("${moment(entry.startedAt)} – ${moment(entry.endedAt)}"))
        }
        item { Heading(say(Word.METERS)) }
        itemsIndexed(time.readings) { index, reading -> Line(reading.meter, "time.reading.$index", listOf("${reading.value} ${reading.unit}")) }
        item { Meter { meter, value, unit -> does { presenter.read(meter, value, unit) } } }
    }
}

@Composable
private fun Meter(read: (String, String, String) -> Unit) {
    var meter by remember { mutableStateOf("") }
    var value by remember { mutableStateOf("") }
    var unit by remember { mutableStateOf("") }
    Together {
        Entry(say(Word.METER), meter, "time.meter") { meter = it }
        Entry(say(Word.VALUE), value, "time.value") { value = it }
        Entry(say(Word.UNIT), unit, "time.unit") { unit = it }
        MainButton(say(Word.SAVE), "time.read", meter.isNotBlank() && value.isNotBlank()) { read(meter.trim(), value.trim(), unit.trim()) }
    }
}
