// What others did since this person last looked.

import FieldlineFFI
import Observation

@MainActor
@Observable
public final class NewsModel: Screen {
    public private(set) var news: [News] = []

    private let core: OpenStore

    public init(_ core: OpenStore) {
        self.core = core
    }

    @discardableResult
    public override func show() async -> Bool {
        await work { news = try await core.ask { try $0.whatChanged() } }
    }

    /// Says that everything shown was read; what came since stays.
    public func lookedAtAll() async -> Bool {
        await work {
            if let newest = news.map(\.id).max() { try await core.ask { try $0.lookedAt(through: newest) } }
            news = try await core.ask { try $0.whatChanged() }
        }
    }
}
