// HTTP of the Java platform under the core, with its TLS, proxies and certificates.

package org.fieldline.phone

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.suspendCancellableCoroutine
import org.fieldline.core.HttpBody
import org.fieldline.core.HttpRequest
import org.fieldline.core.HttpResponse
import org.fieldline.core.HttpTransport
import org.fieldline.core.PlatformException
import java.io.IOException
import java.io.InputStream
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import java.net.http.HttpRequest as JavaRequest

private const val PIECE_BYTES = 64 * 1024

class JavaHttp : HttpTransport {
    private val client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).version(HttpClient.Version.HTTP_1_1).build()

    override suspend fun send(request: HttpRequest): HttpResponse {
        val asked = JavaRequest.newBuilder(URI(request.url)).method(request.method, BodyPublishers.ofByteArray(request.body))
        request.headers.forEach { asked.header(it.name, it.value) }
        val answer = answering { client.sendAsync(asked.build(), BodyHandlers.ofInputStream()).awaited() }
        val type = answer.headers().firstValue("Content-Type").orElse("")
        return HttpResponse(answer.statusCode().toUShort(), type, StreamBody(answer.body()))
    }
}

private class StreamBody(private val stream: InputStream) : HttpBody {
    override suspend fun next(): ByteArray? = try {
        val piece = ByteArray(PIECE_BYTES)
        val count = runInterruptible(Dispatchers.IO) { stream.read(piece) }
        if (count < 0) null else piece.copyOf(count)
    } catch (problem: IOException) {
        stream.close()
        throw PlatformException.Failed(problem.message ?: problem.toString())
    }
}

private suspend fun <T> CompletableFuture<T>.awaited(): T = suspendCancellableCoroutine { waiting ->
    waiting.invokeOnCancellation { cancel(true) }
    whenComplete { answer, problem ->
        when (problem) {
            null -> waiting.resume(answer)
            is CompletionException -> waiting.resumeWithException(problem.cause ?: problem)
            else -> waiting.resumeWithException(problem)
        }
    }
}
