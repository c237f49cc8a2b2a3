// The sync while nobody looks: Android runs it when there is a line, at most every quarter of an hour.

package org.fieldline.android

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.ComponentName
import android.content.Context
import android.net.ConnectivityManager
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import org.fieldline.app.Safety
import org.fieldline.core.FieldlineException
import java.time.Duration

private const val JOB = 1
private const val MOST_SECONDS = 480u
private const val METERED_BYTES = 262_144u
private const val UNMETERED_BYTES = 4_194_304u

class SyncJob : JobService() {
    private var work: Job? = null

    override fun onStartJob(parameters: JobParameters): Boolean {
        work = CoroutineScope(Dispatchers.IO).launch {
            val isDone = sync()
            jobFinished(parameters, !isDone)
        }
        return true
    }

    /** Whoever stops waiting stops the exchange; what came until then is kept. */
    override fun onStopJob(parameters: JobParameters): Boolean {
        work?.cancel()
        return true
    }

    private suspend fun sync(): Boolean = try {
        val store = OpenStores.open(this, OpenStores.current ?: OWN)
        val isMetered = getSystemService(ConnectivityManager::class.java).isActiveNetworkMetered
        store.setBudgetBytes(if (isMetered) METERED_BYTES else UNMETERED_BYTES)
        val known = store.whatChanged().maxOfOrNull { it.id } ?: 0uL
        val outcome = store.sync(null, MOST_SECONDS)
        Alarms(this).ring(Safety(store.safety()).alarms.orEmpty())
        Notices(this).tell(store.whatChanged().filter { it.id > known })
        outcome.isFinished
    } catch (_: FieldlineException) {
        // Without an unlocked key, a sign-in or a server there is nothing to do until somebody opens the app.
        true
    }

    companion object {
        fun schedule(context: Context) {
            val job = JobInfo.Builder(JOB, ComponentName(context, SyncJob::class.java))
                .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
                .setPeriodic(Duration.ofMinutes(15).toMillis())
                .setPersisted(true)
                .setBackoffCriteria(Duration.ofSeconds(30).toMillis(), JobInfo.BACKOFF_POLICY_EXPONENTIAL)
            context.getSystemService(JobScheduler::class.java).schedule(job.build())
        }
    }
}
