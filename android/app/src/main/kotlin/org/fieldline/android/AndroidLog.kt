// What the core notes for whoever is asked for help, in logcat.

package org.fieldline.android

import android.util.Log
import org.fieldline.core.LogLevel
import org.fieldline.core.LogSink

private const val TAG = "Fieldline"

class AndroidLog : LogSink {
    override fun log(level: LogLevel, line: String) {
        val priority = when (level) {
            LogLevel.ERROR -> Log.ERROR
            LogLevel.WARNING -> Log.WARN
            LogLevel.INFO -> Log.INFO
        }
        Log.println(priority, TAG, line)
    }
}
