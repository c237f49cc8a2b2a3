// The day: what is to be done, where it is, and in which order it is best done.

package org.fieldline.app

import org.fieldline.core.Item
import org.fieldline.core.Place
import org.fieldline.core.PlannedDay
import org.fieldline.core.RecordId
import org.fieldline.core.SysId
import java.time.Instant
import java.time.LocalDate

/** A job in the list of the day. */
data class TodayJob(
    val record: RecordId,
    val number: String,
    val what: String,
    val stage: String,
    val beginsAt: Instant?,
    val site: String,
    val place: Place?,
    val attention: UInt,
    val unsent: ULong,
    val isLeaving: Boolean,
)

/** A site somebody is on the way to. */
data class Destination(val site: String, val place: Place)

/** A job in the planned order. */
data class PlannedStop(
    val record: RecordId,
    val number: String,
    val travelSeconds: Long,
    val travelMeters: Long,
    val beginsAt: Instant,
    val endsAt: Instant,
    val isBegun: Boolean,
)

/** The best order known. */
data class PlannedOrder(val stops: List<PlannedStop>, val leftOut: List<Pair<String, String>>, val backAt: Instant, val mayTake: Boolean)

data class Today(val day: LocalDate, val jobs: List<TodayJob> = emptyList(), val order: PlannedOrder? = null) {
    /** What a map shows. */
    val points: List<TodayJob> get() = jobs.filter { it.place != null }

    /** Where the phone tells when it comes near. */
    val destinations: List<Destination>
        get() = jobs.filter { it.stage == "en_route" }.mapNotNull { job -> job.place?.let { Destination(job.site, it) } }.distinct()
}

private val COLUMNS = listOf("short_description", "expected_start", "window_start", "location")

class TodayPresenter(private val core: CoreCalls) : Presenter<Today>(Today(core.today())) {
    private var plan: PlannedDay? = null

    /** Shows a day; a plan of another day is not kept. */
    suspend fun show(day: LocalDate = core.today()): Boolean = work { before ->
        if (day != before.day) forgetPlan()
        val items = core.ask { it.today(core.startOf(day), core.startOf(day.plusDays(1)), COLUMNS) }
        val sites = sites(items.mapNotNull { it.fields.reference("location") }.distinct())
        Today(day, items.map { job(it, sites) }, before.order.takeIf { day == before.day })
    }

    /** Asks for the best order from where the phone is. */
    suspend fun plan(here: Place): Boolean = work { before ->
        forgetPlan()
        val order = core.ask { store ->
            val planned = store.planDay(core.startOf(before.day), core.startOf(before.day.plusDays(1)), here)
            plan = planned
            planned.shown()
        }
        val stops = order.stops.map {
            PlannedStop(it.task.record, it.task.display, it.travelSeconds, it.travelMeters, it.beginsAt, it.endsAt, it.isBegun)
        }
        before.copy(order = PlannedOrder(stops, order.leftOut.map { it.task.display to it.reason }, order.backAt, order.mayTake))
    }

    /** Writes the planned times into the jobs. */
    suspend fun takePlan(): Boolean {
        val taken = work { before ->
            plan?.let { planned -> core.ask { it.takeDay(planned) } }
            before.copy(order = null)
        }
        return taken && show(content.day)
    }

    private fun forgetPlan() {
        plan?.close()
        plan = null
    }

    private suspend fun sites(locations: List<SysId>): Map<SysId, Item> = core.ask { store ->
        locations.mapNotNull { id -> store.record(RecordId("cmn_location", id))?.let { id to it.item } }.toMap()
    }

    private fun job(item: Item, sites: Map<SysId, Item>): TodayJob {
        val site = item.fields.reference("location")?.let(sites::get)
        return TodayJob(
            record = item.record,
            number = item.display,
            what = item.fields.text("short_description"),
            stage = item.stage.orEmpty(),
            beginsAt = item.fields.moment("expected_start") ?: item.fields.moment("window_start"),
            site = site?.display.orEmpty(),
            place = site?.place(),
            attention = item.attention,
            unsent = item.unsent,
            isLeaving = item.isLeaving,
        )
    }
}
