// Notices about new and changed work.

package org.fieldline.android

import android.Manifest
import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Build
import org.fieldline.core.News

private const val CHANNEL = "work"

class Notices(private val context: Context) {
    private val manager = context.getSystemService(NotificationManager::class.java)

    init {
        val name = context.getString(R.string.channel_work)
        manager.createNotificationChannel(NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_HIGH))
    }

    /** One notice for each record, however often it changes. */
    fun tell(news: List<News>) = news.distinctBy { it.record }.forEach { tell(it.display, it.deeds.joinToString("\n")) }

    fun tell(title: String, text: String) {
        if (!mayTell()) return
        val opens = PendingIntent.getActivity(context, 0, Intent(context, MainActivity::class.java), PendingIntent.FLAG_IMMUTABLE)
        val notice = Notification.Builder(context, CHANNEL).setSmallIcon(R.drawable.notice).setContentTitle(title).setContentText(text)
        manager.notify(title.hashCode(), notice.setContentIntent(opens).setAutoCancel(true).build())
    }

    private fun mayTell() = Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU ||
        context.checkSelfPermission(Manifest.permission.POST_NOTIFICATIONS) == PackageManager.PERMISSION_GRANTED
}
