// Every word is there in every language.

package org.fieldline.screens

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class WordsTest {
    private val placeholder = Regex("%\\d\\\$s")

    @Test
    fun `every word on the screens is in every language`() {
        val words = Word.entries.map { it.name.lowercase() }.toSet()
        FOLDERS.keys.forEach { language -> assertEquals(language, emptySet<String>(), words - stringsOf(language).keys) }
    }

    @Test
    fun `the languages have the same words with the same places to fill in`() {
        val english = stringsOf("en")
        FOLDERS.keys.forEach { language ->
            val strings = stringsOf(language)
            assertEquals(language, english.keys, strings.keys)
            english.forEach { (name, text) ->
                assertEquals("$language $name", placeholders(text), placeholders(strings.getValue(name)))
                assertTrue("$language $name says something", strings.getValue(name).isNotBlank())
            }
        }
    }

    private fun placeholders(text: String) = placeholder.findAll(text).map { it.value }.toSortedSet()
}
