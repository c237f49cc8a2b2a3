// The platform's own HTTP under the core: its TLS, its proxies, its certificates and its rules about cellular data.
//
// Bodies come in pieces, and no more of one is kept here than the core has room to ask for. Redirects are not followed: the core
// talks to the server it was told and to no other.

import FieldlineFFI
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

public final class URLSessionTransport: HttpTransport {
    private let session: URLSession
    private let exchanges: Exchanges

    /// `mostWaiting` bytes of an answer may wait to be read; a server that sends faster has to wait itself.
    public init(mostWaiting: Int = 1 << 20) {
        exchanges = Exchanges(mostWaiting)
        let settings = URLSessionConfiguration.ephemeral
        settings.urlCache = nil
        settings.httpShouldSetCookies = false
        // How long an answer may take is the core's to say; it stops waiting by itself.
        settings.timeoutIntervalForRequest = 3600
        session = URLSession(configuration: settings, delegate: exchanges, delegateQueue: nil)
    }

    deinit {
        session.invalidateAndCancel()
    }

    public func send(request: HttpRequest) async throws -> HttpResponse {
        guard let url = URL(string: request.url) else {
            throw PlatformError.Failed(message: "\(request.url) is no address")
        }
        var asked = URLRequest(url: url)
        asked.httpMethod = request.method
        if request.method == "POST" { asked.httpBody = request.body }
        for header in request.headers { asked.setValue(header.value, forHTTPHeaderField: header.name) }
        let exchange = exchanges.begins(session.dataTask(with: asked))
        let answer = try await exchange.answer()
        let type = answer.value(forHTTPHeaderField: "Content-Type") ?? ""
        return HttpResponse(status: UInt16(answer.statusCode), contentType: type, body: AnswerBody(exchange, self))
    }
}

/// What the core reads an answer by. Whoever lets it go ends the exchange.
private final class AnswerBody: HttpBody {
    private let exchange: Exchange
    /// A session that ends takes its exchanges with it.
    private let transport: URLSessionTransport

    init(_ exchange: Exchange, _ transport: URLSessionTransport) {
        (self.exchange, self.transport) = (exchange, transport)
    }

    deinit {
        exchange.cancel()
    }

    func next() async throws -> Data? {
        try await exchange.piece()
    }
}

/// Hands what the session tells to the exchange it is about.
private final class Exchanges: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let mostWaiting: Int
    private let lock = NSLock()
    private var running: [Int: Exchange] = [:]

    init(_ mostWaiting: Int) {
        self.mostWaiting = mostWaiting
    }

    func begins(_ task: URLSessionDataTask) -> Exchange {
        let exchange = Exchange(task, mostWaiting: mostWaiting)
        lock.withLock { running[task.taskIdentifier] = exchange }
        return exchange
    }

    private func exchange(of task: URLSessionTask) -> Exchange? {
        lock.withLock { running[task.taskIdentifier] }
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        exchange(of: dataTask)?.came(response)
        completionHandler(.allow)
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        exchange(of: dataTask)?.came(data)
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let exchange = lock.withLock { running.removeValue(forKey: task.taskIdentifier) }
        exchange?.ended(error)
    }
}
