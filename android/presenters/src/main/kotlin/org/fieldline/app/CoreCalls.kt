// The way from a screen to the core: off the main thread, with a clock that brings its zone, and with what goes wrong in words.

package org.fieldline.app

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.withContext
import org.fieldline.core.Command
import org.fieldline.core.Done
import org.fieldline.core.Fieldline
import org.fieldline.core.FieldlineException
import org.fieldline.core.RecordId
import java.time.Clock
import java.time.Instant
import java.time.LocalDate

/** One person's open store, and how its calls are made. Reading and writing wait for the disk, so no screen makes them itself. */
class CoreCalls(val store: Fieldline, private val background: CoroutineDispatcher, val clock: Clock) {
    suspend fun <T> ask(question: (Fieldline) -> T): T = withContext(background) { question(store) }

    suspend fun execute(command: Command): Done = ask { it.execute(command) }

    /** The first moment of a day where the phone is. */
    fun startOf(day: LocalDate): Instant = day.atStartOfDay(clock.zone).toInstant()

    fun today(): LocalDate = LocalDate.now(clock)
}

/** What helps when something did not work. */
enum class Remedy { SIGN_IN, FREE_SPACE, UPDATE, ASK_DISPATCH, CORRECT, SYNC, WAIT_FOR_LINE, UNLOCK, OPEN_AGAIN, NOTHING, ASK_SUPPORT }

/** What went wrong, as the core told it, and what helps. */
data class Problem(val told: String, val remedy: Remedy, val record: RecordId? = null, val subject: String? = null)

fun problemOf(problem: FieldlineException): Problem = when (problem) {
    is FieldlineException.SignInAgain -> Problem(problem.told, Remedy.SIGN_IN)
    is FieldlineException.StorageFull -> Problem(problem.told, Remedy.FREE_SPACE)
    is FieldlineException.UpdateNeeded -> Problem(problem.told, Remedy.UPDATE)
    is FieldlineException.NotAllowed -> Problem(problem.told, Remedy.ASK_DISPATCH, problem.record, problem.subject)
    is FieldlineException.Invalid -> Problem(problem.told, Remedy.CORRECT, problem.record, problem.subject)
    is FieldlineException.SyncFirst -> Problem(problem.told, Remedy.SYNC, problem.record)
    is FieldlineException.NoConnection -> Problem(problem.told, Remedy.WAIT_FOR_LINE)
    is FieldlineException.WrongKey -> Problem(problem.told, Remedy.UNLOCK)
    is FieldlineException.OpenAgain -> Problem(problem.told, Remedy.OPEN_AGAIN)
    is FieldlineException.Stopped -> Problem("", Remedy.NOTHING)
    is FieldlineException.Unexpected -> Problem("${problem.told} (${problem.supportId})", Remedy.ASK_SUPPORT)
}
