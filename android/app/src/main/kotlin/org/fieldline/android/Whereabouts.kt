// Where the phone is, as far as its person allows to know, and a word when they come near a site.

package org.fieldline.android

import android.Manifest
import android.annotation.SuppressLint
import android.app.PendingIntent
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.location.Location
import android.location.LocationManager
import org.fieldline.app.TodayJob
import org.fieldline.core.Locator
import org.fieldline.core.Place
import java.time.Duration

private val OLDEST: Duration = Duration.ofMinutes(10)
private const val NEAR_METERS = 200f
private const val NEAR_SITE = "org.fieldline.android.NEAR_SITE"

class Whereabouts(private val context: Context) : Locator {
    private val locations = context.getSystemService(LocationManager::class.java)

    /** The last place known; asked with every command, so nothing is waited for. */
    @SuppressLint("MissingPermission")
    override fun here(): Place? {
        if (!mayKnow()) return null
        val known = locations.getProviders(true).mapNotNull(locations::getLastKnownLocation)
        val newest = known.maxByOrNull(Location::getElapsedRealtimeNanos) ?: return null
        val age = android.os.SystemClock.elapsedRealtimeNanos() - newest.elapsedRealtimeNanos
        return if (age > OLDEST.toNanos()) null else Place(newest.latitude, newest.longitude)
    }

    /** Watches for the sites of the day; Android forgets them when the day is over. */
    @SuppressLint("MissingPermission")
    fun watch(jobs: List<TodayJob>) {
        if (!mayKnow()) return
        for (job in jobs) {
            val place = job.place ?: continue
            val near = Intent(NEAR_SITE).setClass(context, NearSite::class.java).putExtra("site", job.site)
            val flags = PendingIntent.FLAG_UPDATE_CURRENT or PendingIntent.FLAG_MUTABLE
            val told = PendingIntent.getBroadcast(context, job.record.sysId.hex.hashCode(), near, flags)
            locations.addProximityAlert(place.latitude, place.longitude, NEAR_METERS, Duration.ofHours(12).toMillis(), told)
        }
    }

    private fun mayKnow() = context.checkSelfPermission(Manifest.permission.ACCESS_FINE_LOCATION) == PackageManager.PERMISSION_GRANTED
}

/** Hears that a site is near. */
class NearSite : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        if (!intent.getBooleanExtra(LocationManager.KEY_PROXIMITY_ENTERING, false)) return
        Notices(context).tell(context.getString(R.string.near_site), intent.getStringExtra("site").orEmpty())
    }
}
