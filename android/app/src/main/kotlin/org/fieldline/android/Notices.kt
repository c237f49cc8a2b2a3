// Notices about new and changed work, and the one that rings for whoever works alone.

package org.fieldline.android

import android.Manifest
import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.media.AudioAttributes
import android.media.RingtoneManager
import android.os.Build
import org.fieldline.core.News

private const val WORK = "work"
private const val SAFETY = "safety"
private const val ALARM = 1

class Notices(private val context: Context) {
    private val manager = context.getSystemService(NotificationManager::class.java)

    init {
        manager.createNotificationChannel(channel(WORK, R.string.channel_work))
        val alarm = channel(SAFETY, R.string.channel_safety).apply { enableVibration(true) }
        val loud = AudioAttributes.Builder().setUsage(AudioAttributes.USAGE_ALARM).build()
        alarm.setSound(RingtoneManager.getDefaultUri(RingtoneManager.TYPE_ALARM), loud)
        manager.createNotificationChannel(alarm)
    }

    private fun channel(name: String, title: Int) = NotificationChannel(name, context.getString(title), NotificationManager.IMPORTANCE_HIGH)

    /** One notice for each record, however often it changes. */
    fun tell(news: List<News>) = news.distinctBy { it.record }.forEach { tell(it.display, it.deeds.joinToString("\n")) }

    fun tell(title: String, text: String) {
        if (mayTell()) manager.notify(title.hashCode(), notice(WORK, title, text).build())
    }

    /** Rings until somebody looks. */
    fun ring(job: String) {
        val notice = notice(SAFETY, context.getString(R.string.say_safe), job).setCategory(Notification.CATEGORY_ALARM).build()
        notice.flags = notice.flags or Notification.FLAG_INSISTENT
        if (mayTell()) manager.notify(SAFETY, ALARM, notice)
    }

    /** Whoever was rung for was heard of. */
    fun silence() = manager.cancel(SAFETY, ALARM)

    /** Opens the app. */
    fun opens(): PendingIntent = PendingIntent.getActivity(context, 0, Intent(context, MainActivity::class.java), PendingIntent.FLAG_IMMUTABLE)

    private fun notice(channel: String, title: String, text: String) = Notification.Builder(context, channel)
        .setSmallIcon(R.drawable.notice).setContentTitle(title).setContentText(text).setContentIntent(opens()).setAutoCancel(true)

    private fun mayTell() = Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU ||
        context.checkSelfPermission(Manifest.permission.POST_NOTIFICATIONS) == PackageManager.PERMISSION_GRANTED
}
