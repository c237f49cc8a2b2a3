// The way from a screen to the core: off the main thread, with a clock that brings its zone.

import FieldlineFFI
import Foundation

/// One person's open store. Reading and writing wait for the disk, so no screen makes calls itself.
public struct OpenStore: Sendable {
    public let store: Fieldline
    public let calendar: Calendar
    public let now: @Sendable () -> Date

    public init(
        _ store: Fieldline, calendar: Calendar = .autoupdatingCurrent, now: @escaping @Sendable () -> Date = Date.init
    ) {
        (self.store, self.calendar, self.now) = (store, calendar, now)
    }

    /// Asks on another thread than the screen's.
    @discardableResult
    public nonisolated func ask<T: Sendable>(_ question: @Sendable (Fieldline) throws -> T) async throws -> T {
        try question(store)
    }

    @discardableResult
    public nonisolated func execute(_ command: Command) async throws -> Done {
        try await ask { try $0.execute(command: command) }
    }

    /// Exchanges with a server for as long as the caller's task is not cancelled: the bindings do not hand a task's end on to the core.
    public nonisolated func exchange<T: Sendable>(_ exchange: @Sendable (Fieldline) async throws -> T) async throws -> T
    {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await exchange(store)
        } onCancel: {
            try? store.stop()
        }
    }

    /// The first moment of the day a moment is in.
    public func startOfDay(_ moment: Date) -> Date {
        calendar.startOfDay(for: moment)
    }

    /// The first moment of a day some days later, which need not be 24 hours each.
    public func day(_ days: Int, after day: Date) -> Date {
        calendar.date(byAdding: .day, value: days, to: day) ?? day
    }
}
