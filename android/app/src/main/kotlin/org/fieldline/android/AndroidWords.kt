// The words of the screens from the app's string resources, in the phone's language or the one a person chose.

package org.fieldline.android

import android.content.Context
import android.content.res.Configuration
import org.fieldline.app.Preferences
import org.fieldline.screens.Word
import org.fieldline.screens.Words
import java.util.Locale

class AndroidWords(context: Context, language: String) : Words {
    override val locale: Locale = if (language.isEmpty()) context.resources.configuration.locales[0] else Locale.forLanguageTag(language)
    private val resources = context.createConfigurationContext(Configuration(context.resources.configuration).apply { setLocale(locale) }).resources
    private val ids = Word.entries.associateWith { resources.getIdentifier(it.name.lowercase(Locale.ROOT), "string", context.packageName) }

    override fun say(word: Word, vararg with: Any): String = resources.getString(ids.getValue(word), *with)
}

/** What the app remembers outside the encrypted store. */
class AndroidPreferences(context: Context) : Preferences {
    private val kept = context.getSharedPreferences("fieldline", Context.MODE_PRIVATE)

    override fun read(name: String): String? = kept.getString(name, null)

    override fun write(name: String, value: String?) = kept.edit().putString(name, value).apply()
}
