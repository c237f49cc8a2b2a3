// The day as a list, in the order planned, and on a map.

package org.fieldline.screens

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldline.app.PlannedOrder
import org.fieldline.app.Today
import org.fieldline.app.TodayJob
import org.fieldline.app.TodayPresenter
import org.fieldline.core.Place
import org.fieldline.core.RecordId

@Composable
fun TodayScreen(presenter: TodayPresenter, here: () -> Place?, open: (RecordId) -> Unit, navigate: (Place) -> Unit) {
    Screen(presenter, say(Word.TODAY), "today", { presenter.show() }) { today, does ->
        if (today.jobs.isEmpty()) item { Line(say(Word.NO_JOBS), "today.none") }
        items(today.jobs, { it.record.sysId.hex }) { JobLine(it) { open(it.record) } }
        if (today.points.isNotEmpty()) {
            item { Heading(say(Word.MAP)) }
            item { SiteMap(today) }
            items(today.points, { "map" + it.record.sysId.hex }) { job ->
                OtherButton(say(Word.NAVIGATE_TO, job.site), "today.navigate.${job.number}") { job.place?.let(navigate) }
            }
        }
        item {
            OtherButton(say(Word.PLAN_DAY), "today.plan", here() != null && today.jobs.isNotEmpty()) {
                here()?.let { place -> does { presenter.plan(place) } }
            }
        }
        today.order?.let { order(it, open) { does { presenter.takePlan() } } }
    }
}

@Composable
private fun JobLine(job: TodayJob, onClick: () -> Unit) {
    val about = listOf(
        "${job.number} · ${named("stage", job.stage)}",
        job.beginsAt?.let { moment(it) }.orEmpty(),
        job.site,
        if (job.unsent > 0uL) say(Word.UNSENT, job.unsent.toString()) else "",
        if (job.attention > 0u) say(Word.NEEDS_ATTENTION) else "",
        if (job.isLeaving) say(Word.LEAVES) else "",
    )
    Line(job.what.ifEmpty { job.number }, "today.job.${job.number}", about, isUrgent = job.attention > 0u, onClick = onClick)
}

private fun LazyListScope.order(order: PlannedOrder, open: (RecordId) -> Unit, take: () -> Unit) {
    item { Heading(say(Word.PLANNED_ORDER)) }
    items(order.stops, { "stop" + it.record.sysId.hex }) { stop ->
        val way = say(Word.WAY, (stop.travelSeconds / 60).toString(), (stop.travelMeters / 1_000).toString())
        Line(stop.number, "today.stop.${stop.number}", listOf("${moment(stop.beginsAt)} – ${moment(stop.endsAt)}", way)) { open(stop.record) }
    }
    items(order.leftOut, { "left" + it.first }) { (number, reason) -> Line(number, "today.left.$number", listOf(reason), isUrgent = true) }
    if (order.mayTake) item { MainButton(say(Word.TAKE_PLAN), "today.takeplan", onClick = take) }
}

/** Where the sites lie to each other; the way there is the map app's. */
@Composable
private fun SiteMap(today: Today) {
    val colours = MaterialTheme.colorScheme
    val description = say(Word.MAP_OF, today.points.joinToString { it.site })
    val places = today.points.mapNotNull { it.place }
    Canvas(
        Modifier.fillMaxWidth().height(200.dp).background(colours.secondaryContainer).testTag("today.map")
            .semantics { contentDescription = description },
    ) {
        val (south, north) = places.minOf { it.latitude } to places.maxOf { it.latitude }
        val (west, east) = places.minOf { it.longitude } to places.maxOf { it.longitude }
        places.forEach {
            val x = 0.1 + 0.8 * share(it.longitude, west, east)
            val y = 0.9 - 0.8 * share(it.latitude, south, north)
            drawCircle(colours.primary, 10.dp.toPx(), Offset((x * size.width).toFloat(), (y * size.height).toFloat()))
        }
    }
}

private fun share(value: Double, from: Double, to: Double) = if (from == to) 0.5 else (value - from) / (to - from)
