// The phone of the scenarios in Kotlin: it maps JSON lines to calls of the bindings and nothing more, so that a driver can
// play the same days on phones of every language and compare what they say.

package org.fieldline.phone

import kotlinx.coroutines.runBlocking
import org.fieldline.core.FieldlineException
import org.json.JSONObject
import java.io.BufferedReader
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.InputStreamReader
import java.io.PrintStream
import java.lang.reflect.InvocationTargetException

fun main() {
    // Whatever else prints must not come between the answers.
    val answers = PrintStream(FileOutputStream(FileDescriptor.out), true, "UTF-8")
    System.setOut(System.err)
    val calls = Calls()
    BufferedReader(InputStreamReader(System.`in`, Charsets.UTF_8)).useLines { lines ->
        lines.filter { it.isNotBlank() }.forEach { line -> answers.println(answer(calls, line)) }
    }
    calls.close()
    System.exit(0)
}

private fun answer(calls: Calls, line: String): String = try {
    val question = JSONObject(line)
    val value = runBlocking { calls.call(question.getString("call"), question.optJSONObject("with") ?: JSONObject()) }
    JSONObject().put("ok", value).toString()
} catch (problem: Throwable) {
    val cause = if (problem is InvocationTargetException) problem.targetException else problem
    JSONObject().put("error", errorToJson(cause)).toString()
}

/** What the core said went wrong, or else a fault of the phone or of whoever asked it. */
fun errorToJson(problem: Throwable): JSONObject = when (problem) {
    is FieldlineException -> (toJson(problem) as JSONObject).apply { if (!has("message")) put("message", problem.message ?: "") }
    else -> JSONObject().put("kind", "phone").put("message", problem.toString())
}
