// What all presenters share: a state that is content, whether something is under way, and the last problem.

package org.fieldline.app

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.fieldline.core.FieldlineException

/** What a screen shows. */
data class Shown<T>(val content: T, val isBusy: Boolean = false, val problem: Problem? = null)

/** Turns views of the core into the content of a screen, and what a person does into commands. It decides nothing itself. */
abstract class Presenter<T>(empty: T) {
    protected val shown = MutableStateFlow(Shown(empty))
    private val oneAtATime = Mutex()

    val state: StateFlow<Shown<T>> = shown

    val content: T get() = shown.value.content

    /** Takes a problem away once it was read. */
    fun understood() = shown.update { it.copy(problem = null) }

    /** Works on the content; answers whether it worked, and keeps what was shown before when it did not. */
    protected suspend fun work(work: suspend (T) -> T): Boolean = oneAtATime.withLock {
        shown.update { it.copy(isBusy = true, problem = null) }
        val problem = try {
            val content = work(content)
            shown.update { it.copy(content = content) }
            null
        } catch (problem: FieldlineException) {
            problemOf(problem)
        } finally {
            shown.update { it.copy(isBusy = false) }
        }
        shown.update { it.copy(problem = problem) }
        problem == null
    }
}
