// The words of the Android app, read from the same files on a desktop, so that what is missing in a language fails here.

package org.fieldline.screens

import org.w3c.dom.Element
import java.io.File
import java.util.Locale
import javax.xml.parsers.DocumentBuilderFactory

private val RESOURCES = File("android/app/src/main/res")

/** The languages, by the folder of their strings. */
val FOLDERS = mapOf("en" to "values", "de" to "values-de", "es" to "values-es", "ar" to "values-ar")

/** Every string of a language by its name, as it is written in the file. */
fun stringsOf(language: String): Map<String, String> {
    val file = File(RESOURCES, "${FOLDERS.getValue(language)}/strings.xml")
    val strings = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file).getElementsByTagName("string")
    return (0 until strings.length).map { strings.item(it) as Element }.associate { it.getAttribute("name") to it.textContent }
}

class XmlWords(language: String) : Words {
    override val locale: Locale = Locale.forLanguageTag(language)
    private val strings = stringsOf(language).mapValues { (_, text) -> text.replace("\\u0027", "'").replace("\\?", "?") }

    override fun say(word: Word, vararg with: Any): String = strings.getValue(word.name.lowercase()).format(locale, *with)
}
