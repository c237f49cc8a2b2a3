// What all models share: whether something is under way, and the last problem. A model turns views of the core into the content of a
// screen, and what a person does into commands. It decides nothing itself.

import FieldlineFFI
import Foundation
import Observation

/// What helps when something did not work.
public enum Remedy: String, Sendable, CaseIterable {
    case signIn, freeSpace, update, askDispatch, correct, sync, waitForLine, unlock, openAgain, nothing, askSupport
}

/// What went wrong, as the core told it, and what helps.
public struct Problem: Equatable, Sendable {
    public let told: String
    public let remedy: Remedy
    public var record: RecordId?
    public var subject: String?

    public init(told: String, remedy: Remedy, record: RecordId? = nil, subject: String? = nil) {
        (self.told, self.remedy, self.record, self.subject) = (told, remedy, record, subject)
    }

    public init(_ error: any Error) {
        switch error as? FieldlineError {
        case .SignInAgain(let told): self.init(told: told, remedy: .signIn)
        case .StorageFull(let told): self.init(told: told, remedy: .freeSpace)
        case .UpdateNeeded(let told): self.init(told: told, remedy: .update)
        case .NotAllowed(let told, let record, let subject):
            self.init(told: told, remedy: .askDispatch, record: record, subject: subject)
        case .Invalid(let told, let record, let subject):
            self.init(told: told, remedy: .correct, record: record, subject: subject)
        case .SyncFirst(let told, let record): self.init(told: told, remedy: .sync, record: record)
        case .NoConnection(let told): self.init(told: told, remedy: .waitForLine)
        case .WrongKey(let told): self.init(told: told, remedy: .unlock)
        case .OpenAgain(let told): self.init(told: told, remedy: .openAgain)
        case .Stopped: self.init(told: "", remedy: .nothing)
        case .Unexpected(let told, let supportId): self.init(told: "\(told) (\(supportId))", remedy: .askSupport)
        case nil: self.init(told: error.localizedDescription, remedy: .askSupport)
        }
    }
}

@MainActor
@Observable
open class Screen {
    public private(set) var isBusy = false
    public internal(set) var problem: Problem?

    /// Reads what is shown; answers whether it could be read.
    @discardableResult
    open func show() async -> Bool {
        true
    }

    /// Takes a problem away once it was read.
    public func understood() {
        problem = nil
    }

    /// Does something; answers whether it worked. What was shown before stays when it did not.
    func work(_ work: () async throws -> Void) async -> Bool {
        (isBusy, problem) = (true, nil)
        defer { isBusy = false }
        do {
            try await work()
            return true
        } catch {
            problem = Problem(error)
            return false
        }
    }
}
