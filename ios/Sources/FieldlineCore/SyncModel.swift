// How this phone stands with its server, told as it is: what is not there yet, what is kept aside, and since when.

import FieldlineFFI
import Foundation
import Observation

/// How far a first sync has come.
public struct Coming: Equatable, Sendable {
    public let done: UInt64
    public let total: UInt64
}

@MainActor
@Observable
public final class SyncModel: Screen {
    /// Nothing until it was asked for.
    public private(set) var status: SyncStatus?
    public private(set) var coming: Coming?
    public private(set) var triesAgainAt: Date?
    public private(set) var lastVisit: KioskVisit?

    private let core: OpenStore

    public init(_ core: OpenStore) {
        self.core = core
    }

    /// Whether everything made here is with the server.
    public var isAllSent: Bool {
        guard let status, status.device != nil else { return false }
        return status.unsentEdits == 0 && status.unsentFiles == 0 && status.heldEdits == 0
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { status = try await core.ask { try $0.syncStatus() } }
    }

    /// Exchanges everything now; what kept it from being done is told, and what is shown then is true all the same.
    @discardableResult
    public func sync(mostSeconds: UInt32? = nil) async -> Bool {
        await exchange { store, ears in _ = try await store.sync(listener: ears, mostSeconds: mostSeconds) }
    }

    /// Keeps in step for as long as the caller's task lives.
    public func keepInStep() async {
        _ = await exchange { store, ears in
            do { try await store.keepInStep(listener: ears) } catch FieldlineError.Stopped {}
        }
    }

    /// Hands what is unsent to a depot's kiosk.
    public func visitKiosk(_ address: String) async -> Bool {
        let visited = await work {
            lastVisit = try await core.exchange { try await $0.visitKiosk(address: address) }
        }
        await refresh()
        return visited
    }

    public func networkIsBack() async {
        _ = await work { try await core.ask { try $0.networkIsBack() } }
    }

    private func exchange(_ exchange: @escaping @Sendable (Fieldline, any SyncListener) async throws -> Void) async
        -> Bool
    {
        let (events, tells) = AsyncStream.makeStream(of: SyncEvent.self)
        let hearing = Task { for await event in events { await hears(event) } }
        let done = await work {
            try await core.exchange { store in try await exchange(store, Ears(tells)) }
        }
        tells.finish()
        await hearing.value
        await refresh()
        return done
    }

    private func hears(_ event: SyncEvent) async {
        switch event {
        case .progress(let done, let total): coming = Coming(done: done, total: total)
        case .failed(let retryAt): triesAgainAt = retryAt
        case .synced: (coming, triesAgainAt) = (nil, nil)
        case .absorbed, .held: break
        case .needsSignIn: stopped(.signIn)
        case .revoked: stopped(.askDispatch)
        case .updateNeeded: stopped(.update)
        }
        await refresh()
    }

    /// The words of a remedy are the screen's.
    private func stopped(_ remedy: Remedy) {
        problem = problem ?? Problem(told: "", remedy: remedy)
    }

    /// Reads the standing anew without taking away the problem shown.
    private func refresh() async {
        do { status = try await core.ask { try $0.syncStatus() } } catch {
            problem = problem ?? Problem(error)
        }
    }
}

/// Hands on what the core tells on threads of its own.
private final class Ears: SyncListener {
    private let tells: AsyncStream<SyncEvent>.Continuation

    init(_ tells: AsyncStream<SyncEvent>.Continuation) {
        self.tells = tells
    }

    func onEvent(event: SyncEvent) {
        tells.yield(event)
    }
}
