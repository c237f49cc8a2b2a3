// One question to a server and its answer, between a session that tells of it when it likes and the core that asks when it has room.

import FieldlineFFI
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

final class Exchange: @unchecked Sendable {
    private let task: URLSessionDataTask
    private let mostWaiting: Int
    private let lock = NSLock()
    private var head: HTTPURLResponse?
    private var waiting = Data()
    private var end: Result<Void, PlatformError>?
    private var isHeldUp = false
    /// How many times something came.
    private var told = 0
    private var wakes: CheckedContinuation<Void, Never>?

    init(_ task: URLSessionDataTask, mostWaiting: Int) {
        (self.task, self.mostWaiting) = (task, mostWaiting)
    }

    func cancel() {
        task.cancel()
    }

    /// Asks, and waits for the beginning of the answer.
    func answer() async throws -> HTTPURLResponse {
        task.resume()
        return try await known {
            if let head { return head }
            guard let end else { return nil }
            try end.get()
            throw PlatformError.Failed(message: "the answer has no beginning")
        }
    }

    /// What has come of the answer since it was last asked, nothing when that was all.
    func piece() async throws -> Data? {
        let (piece, goesOn) = try await known { () -> (Data?, Bool)? in
            if !waiting.isEmpty {
                defer { (waiting, isHeldUp) = (Data(), false) }
                return (waiting, isHeldUp)
            }
            guard let end else { return nil }
            try end.get()
            return (nil, false)
        }
        if goesOn { task.resume() }
        return piece
    }

    /// Asks again each time something came, until there is an answer.
    private func known<T>(_ ask: () throws -> T?) async throws -> T {
        while true {
            let (found, seen) = try lock.withLock { (try ask(), told) }
            if let found { return found }
            await withTaskCancellationHandler {
                await news(since: seen)
            } onCancel: {
                cancel()
            }
        }
    }

    private func news(since seen: Int) async {
        await withCheckedContinuation { woken in
            let isNew = lock.withLock {
                if told == seen { wakes = woken }
                return told != seen
            }
            if isNew { woken.resume() }
        }
    }

    func came(_ response: URLResponse) {
        tell { head = response as? HTTPURLResponse }
    }

    func came(_ data: Data) {
        let isTooMuch = tell {
            waiting.append(data)
            let isTooMuch = waiting.count > mostWaiting && !isHeldUp
            if isTooMuch { isHeldUp = true }
            return isTooMuch
        }
        if isTooMuch { task.suspend() }
    }

    func ended(_ error: (any Error)?) {
        tell { end = error.map { .failure(.Failed(message: $0.localizedDescription)) } ?? .success(()) }
    }

    /// Changes what is known, and wakes whoever waits for it.
    @discardableResult
    private func tell<T>(_ change: () -> T) -> T {
        let (changed, woken) = lock.withLock {
            defer { wakes = nil }
            told += 1
            return (change(), wakes)
        }
        woken?.resume()
        return changed
    }
}
