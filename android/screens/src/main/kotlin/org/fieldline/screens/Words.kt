// The words on the screens. Their values are Android string resources in every language; each `Word` is one of them.

package org.fieldline.screens

import androidx.compose.runtime.Composable
import androidx.compose.runtime.staticCompositionLocalOf
import java.time.Clock
import java.time.Instant
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter
import java.time.format.FormatStyle
import java.util.Locale

/** A language. */
interface Words {
    val locale: Locale

    /** A word with its `%1$s` filled in. */
    fun say(word: Word, vararg with: Any): String
}

val LocalWords = staticCompositionLocalOf<Words> { error("the app provides words") }

/** Tells which day it is, and in which zone people read times. */
val LocalClock = staticCompositionLocalOf<Clock> { error("the app provides a clock") }

@Composable
fun say(word: Word, vararg with: Any): String = LocalWords.current.say(word, *with)

/** A name the core uses, such as the step `start_travel`, in this language; names of an organisation's own stay as they are. */
@Composable
fun named(kind: String, name: String): String {
    val word = Word.entries.firstOrNull { it.name == "${kind}_$name".uppercase(Locale.ROOT) }
    return if (word == null) name.replace('_', ' ').replaceFirstChar(Char::titlecase) else say(word)
}

/** A moment as people here write it; the day is left out when it is today. */
@Composable
fun moment(at: Instant): String {
    val clock = LocalClock.current
    val there = ZonedDateTime.ofInstant(at, clock.zone)
    val isToday = there.toLocalDate() == ZonedDateTime.now(clock).toLocalDate()
    val format = if (isToday) {
        DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT)
    } else {
        DateTimeFormatter.ofLocalizedDateTime(FormatStyle.SHORT)
    }
    return format.withLocale(LocalWords.current.locale).format(there)
}
