// The alarm clock for whoever works alone: Android rings at its moment, also while the app is closed.

package org.fieldline.android

import android.app.AlarmManager
import android.app.PendingIntent
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import org.fieldline.app.Alarm
import java.time.Instant

private const val MOST_ALARMS = 8
private const val RING = "org.fieldline.android.RING"

class Alarms(private val context: Context) {
    private val clock = context.getSystemService(AlarmManager::class.java)
    private val kept = context.getSharedPreferences("alarms", Context.MODE_PRIVATE)

    /** Rings at these moments and at no others any more. What has rung and is not answered goes on doing so. */
    fun ring(alarms: List<Alarm>) {
        if (alarms.none { it.hasRung }) Notices(context).silence()
        val coming = alarms.filterNot { it.hasRung }.take(MOST_ALARMS)
        kept.edit().putString("coming", coming.joinToString("\n") { "${it.at} ${it.job}" }).apply()
        set(coming)
    }

    /** Android forgets alarms when it is started anew; what became due meanwhile rings at once. */
    fun ringAgain() = set(
        kept.getString("coming", null).orEmpty().lines().filter(String::isNotEmpty).map { line ->
            val (at, job) = line.split(' ', limit = 2)
            Alarm(job, Instant.parse(at), hasRung = false)
        },
    )

    /** Numbered, so that those of an app closed meanwhile are found again. */
    private fun set(alarms: List<Alarm>) = repeat(MOST_ALARMS) { number ->
        val alarm = alarms.getOrNull(number) ?: return@repeat clock.cancel(rings(number, ""))
        set(alarm.at.toEpochMilli(), rings(number, alarm.job))
    }

    private fun set(at: Long, rings: PendingIntent) = try {
        clock.setAlarmClock(AlarmManager.AlarmClockInfo(at, Notices(context).opens()), rings)
    } catch (_: SecurityException) {
        // Somebody has taken alarms to the minute from the app, which Android 12 lets them.
        clock.setAndAllowWhileIdle(AlarmManager.RTC_WAKEUP, at, rings)
    }

    private fun rings(number: Int, job: String): PendingIntent {
        val ring = Intent(RING).setClass(context, Ring::class.java).putExtra("job", job)
        return PendingIntent.getBroadcast(context, number, ring, PendingIntent.FLAG_UPDATE_CURRENT or PendingIntent.FLAG_IMMUTABLE)
    }
}

/** Hears that a moment has come, or that the phone was started anew. */
class Ring : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) = when (intent.action) {
        RING -> Notices(context).ring(intent.getStringExtra("job").orEmpty())
        Intent.ACTION_BOOT_COMPLETED -> Alarms(context).ringAgain()
        else -> Unit
    }
}
