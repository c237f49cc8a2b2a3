// HTTP with Android's own TLS, proxies and certificates, those an organisation installed among them.

package org.fieldline.android

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import org.fieldline.core.HttpBody
import org.fieldline.core.HttpRequest
import org.fieldline.core.HttpResponse
import org.fieldline.core.HttpTransport
import java.io.InputStream
import java.net.HttpURLConnection
import java.net.URL

private const val PIECE_BYTES = 64 * 1024

class AndroidHttp : HttpTransport {
    override suspend fun send(request: HttpRequest): HttpResponse = runInterruptible(Dispatchers.IO) {
        answering {
            val connection = opened(request)
            if (request.method == "POST") connection.outputStream.use { it.write(request.body) }
            val status = connection.responseCode
            val content = if (status >= HttpURLConnection.HTTP_BAD_REQUEST) connection.errorStream else connection.inputStream
            HttpResponse(status.toUShort(), connection.contentType.orEmpty(), ConnectionBody(connection, content))
        }
    }

    private fun opened(request: HttpRequest): HttpURLConnection {
        val connection = URL(request.url).openConnection() as HttpURLConnection
        connection.requestMethod = request.method
        connection.instanceFollowRedirects = false
        connection.useCaches = false
        request.headers.forEach { connection.setRequestProperty(it.name, it.value) }
        if (request.method == "POST") {
            connection.doOutput = true
            connection.setFixedLengthStreamingMode(request.body.size)
        }
        return connection
    }
}

/** Some answers have no content; their stream is `null`. */
private class ConnectionBody(private val connection: HttpURLConnection, private val content: InputStream?) : HttpBody {
    override suspend fun next(): ByteArray? = runInterruptible(Dispatchers.IO) {
        answering {
            val piece = ByteArray(PIECE_BYTES)
            val count = content?.read(piece) ?: -1
            if (count < 0) connection.disconnect()
            if (count < 0) null else piece.copyOf(count)
        }
    }
}
