// The calls a driver makes. Those of the core are found by their names; the others are the phone's own.

package org.fieldline.phone

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.fieldline.core.Fieldline
import org.fieldline.core.FieldlineException
import org.fieldline.core.PlannedDay
import org.fieldline.core.SyncEvent
import org.fieldline.core.SyncListener
import org.fieldline.core.coreVersion
import org.json.JSONArray
import org.json.JSONObject
import java.lang.reflect.InvocationTargetException
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.reflect.KFunction
import kotlin.reflect.KParameter
import kotlin.reflect.full.callSuspendBy
import kotlin.reflect.full.memberFunctions

class Calls : SyncListener {
    private val platform = PhonePlatform()
    private val heard = ConcurrentLinkedQueue<SyncEvent>()
    private var store: Fieldline? = null
    private var plan: PlannedDay? = null

    override fun onEvent(event: SyncEvent) {
        heard.add(event)
    }

    suspend fun call(name: String, with: JSONObject): Any = when (name) {
        "platform" -> toJson(platform.set(with))
        "open" -> toJson(open(with.getString("directory")))
        "close" -> toJson(close())
        "events" -> JSONArray(generateSequence { heard.poll() }.map(::toJson).toList())
        "core_version" -> coreVersion()
        "trial_panic" -> toJson(platform.panics(with.getString("function"), with.getBoolean("after_its_work")))
        "cancel_sync" -> cancelSync(with.getLong("after_milliseconds"))
        "in_step" -> inStep(with.getLong("for_milliseconds"))
        "cycles" -> cycles(platform.platform(), with.getString("directory"), with.getInt("count"))
        "time_today" -> timeToday(opened(), with)
        "shown" -> toJson(planned().shown())
        else -> ofTheCore(name, with)
    }

    fun close() {
        plan?.close()
        plan = null
        store?.close()
        store = null
    }

    private fun open(directory: String) {
        val opened = Fieldline.open(directory, platform.platform())
        close()
        store = opened
    }

    private fun opened() = store ?: throw IllegalStateException("`open` comes first")

    private fun planned() = plan ?: throw IllegalStateException("`plan_day` comes first")

    private suspend fun ofTheCore(name: String, with: JSONObject): Any {
        val function = Fieldline::class.memberFunctions.firstOrNull { it.name == camel(name) }
            ?: throw IllegalArgumentException("the core has no $name")
        val answer = told { function.callSuspendBy(arguments(function, with)) }
        if (answer !is PlannedDay) return toJson(answer)
        plan?.close()
        plan = answer
        return toJson(answer.shown())
    }

    private fun arguments(function: KFunction<*>, with: JSONObject): Map<KParameter, Any?> = function.parameters.associateWith {
        when {
            it.kind == KParameter.Kind.INSTANCE -> opened()
            it.name == "listener" -> this
            it.type.classifier == PlannedDay::class -> planned()
            else -> fromJson(with.opt(snake(it.name!!)), it.type)
        }
    }

    private suspend fun cancelSync(after: Long): Any = coroutineScope {
        val sync = launch(Dispatchers.Default) { runCatching { opened().sync(this@Calls, null) } }
        delay(after)
        sync.cancelAndJoin()
        JSONObject.NULL
    }

    /** The error it ended with; what `stop` ends is told to have been stopped. */
    private suspend fun inStep(milliseconds: Long): Any = coroutineScope {
        val kept = async(Dispatchers.Default) { runCatching { opened().keepInStep(this@Calls) } }
        delay(milliseconds)
        opened().stop()
        toJson(kept.await().getOrThrow())
    }
}

/** What a reflected call threw, without the wrapping. */
private suspend fun <T> told(call: suspend () -> T): T = try {
    call()
} catch (wrapped: InvocationTargetException) {
    throw wrapped.targetException
}
