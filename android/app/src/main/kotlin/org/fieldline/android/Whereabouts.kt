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
import org.fieldline.app.Destination
import org.fieldline.core.Locator
import org.fieldline.core.Place
import java.time.Duration

private val OLDEST: Duration = Duration.ofMinutes(10)
private val SHIFT: Duration = Duration.ofHours(12)
private const val MOST_SITES = 8
private const val NEAR_METERS = 200f
private const val NEAR_SITE = "org.fieldline.android.NEAR_SITE"

class Whereabouts(private val context: Context) : Locator {
    private val locations = context.getSystemService(LocationManager::class.java)
    private var watched: List<Destination>? = null

    /** The last place known; asked with every command, so nothing is waited for. */
    @SuppressLint("MissingPermission")
    override fun here(): Place? {
        if (!mayKnow()) return null
        val known = locations.getProviders(true).mapNotNull(locations::getLastKnownLocation)
        val newest = known.maxByOrNull(Location::getElapsedRealtimeNanos) ?: return null
        val age = android.os.SystemClock.elapsedRealtimeNanos() - newest.elapsedRealtimeNanos
        return if (age > OLDEST.toNanos()) null else Place(newest.latitude, newest.longitude, if (newest.hasAccuracy()) newest.accuracy.toDouble() else null)
    }

    /** Watches for these sites and no others, also while the app is closed; Android forgets them when the shift is over. */
    @SuppressLint("MissingPermission")
    fun watch(destinations: List<Destination>) {
        if (!mayKnow() || destinations == watched) return
        watched = destinations
        repeat(MOST_SITES) { number ->
            locations.removeProximityAlert(told(number, ""))
            val (site, place) = destinations.getOrNull(number) ?: return@repeat
            locations.addProximityAlert(place.latitude, place.longitude, NEAR_METERS, SHIFT.toMillis(), told(number, site))
        }
    }

    /** Numbered, so that those of an app closed meanwhile are found again. */
    private fun told(number: Int, site: String): PendingIntent {
        val near = Intent(NEAR_SITE).setClass(context, NearSite::class.java).putExtra("site", site)
        return PendingIntent.getBroadcast(context, number, near, PendingIntent.FLAG_UPDATE_CURRENT or PendingIntent.FLAG_MUTABLE)
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
