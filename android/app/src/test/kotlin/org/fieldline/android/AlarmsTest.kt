// Whoever works alone is rung for by Android itself: the alarm is set, put off, taken away, and set again when the phone was started anew.

package org.fieldline.android

import android.Manifest
import android.app.AlarmManager
import android.app.Notification
import android.app.NotificationManager
import android.content.Intent
import org.fieldline.app.Alarm
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.time.Instant

private val SOON: Instant = Instant.now().plusSeconds(600)
private val LATER: Instant = SOON.plusSeconds(1_800)

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class AlarmsTest {
    private val app = RuntimeEnvironment.getApplication()
    private val alarms = Alarms(app)
    private val clock = shadowOf(app.getSystemService(AlarmManager::class.java))
    private val manager = app.getSystemService(NotificationManager::class.java)

    @Before
    fun notices_are_allowed() = shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)

    private fun moments() = clock.scheduledAlarms.map { it.triggerAtMs }

    private fun shown() = manager.activeNotifications.map { it.notification }

    @Test
    fun an_alarm_is_set_put_off_and_taken_away() {
        alarms.ring(listOf(Alarm("WOT1", SOON, false), Alarm("WOT2", LATER, false)))
        assertEquals(listOf(SOON.toEpochMilli(), LATER.toEpochMilli()), moments())
        assertTrue(clock.scheduledAlarms.all { it.alarmClockInfo != null })
        alarms.ring(listOf(Alarm("WOT1", LATER, false)))
        assertEquals(listOf(LATER.toEpochMilli()), moments())
        Alarms(app).ring(emptyList())
        assertEquals(emptyList<Long>(), moments())
    }

    @Test
    fun what_has_rung_is_seen_until_somebody_was_heard_of() {
        alarms.ring(listOf(Alarm("WOT1", SOON, false)))
        Ring().onReceive(app, shadowOf(clock.scheduledAlarms.single().operation).savedIntent)
        val notice = shown().single()
        assertEquals("WOT1", notice.extras.getString(Notification.EXTRA_TEXT))
        assertEquals(NotificationManager.IMPORTANCE_HIGH, manager.getNotificationChannel(notice.channelId).importance)
        assertTrue(notice.flags and Notification.FLAG_INSISTENT != 0)
        alarms.ring(listOf(Alarm("WOT1", SOON, true)))
        assertEquals(1, shown().size)
        alarms.ring(listOf(Alarm("WOT1", LATER, false)))
        assertNull(shown().firstOrNull())
    }

    @Test
    fun a_phone_that_was_started_anew_rings_all_the_same() {
        alarms.ring(listOf(Alarm("WOT1", SOON, false)))
        clock.scheduledAlarms.toList().forEach { app.getSystemService(AlarmManager::class.java).cancel(it.operation!!) }
        Ring().onReceive(app, Intent(Intent.ACTION_BOOT_COMPLETED))
        assertEquals(listOf(SOON.toEpochMilli()), moments())
    }
}
