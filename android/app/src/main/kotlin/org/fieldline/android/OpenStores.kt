// The stores open in this process: the screens and the sync in the background use the same one.

package org.fieldline.android

import android.content.Context
import org.fieldline.core.Fieldline
import org.fieldline.core.Platform
import java.io.File

/** The directory of whoever has this phone to themselves. */
const val OWN = "own"

object OpenStores {
    private val open = HashMap<String, Fieldline>()

    /** Whose store the background keeps in step. */
    @Volatile var current: String? = null
        private set

    @Synchronized
    fun open(context: Context, directory: String): Fieldline {
        current = directory
        return open.getOrPut(directory) {
            val app = context.applicationContext
            val folder = File(app.filesDir, "stores/$directory")
            Fieldline.open(folder.path, Platform(KeystoreSecrets(app), AndroidHttp(), locator = Whereabouts(app), log = AndroidLog()))
        }
    }

    /** Closes a store, so that nothing of it stays in memory. */
    @Synchronized
    fun close(directory: String) {
        open.remove(directory)?.close()
        if (current == directory) current = null
    }
}
