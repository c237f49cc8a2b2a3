// Exchanging while nobody looks: the system gives the app half a minute now and then.

import BackgroundTasks
import FieldlineCore
import FieldlineFFI
import Foundation

enum Background {
    static let task = "org.fieldline.sync"
    private static let pause: TimeInterval = 15 * 60
    /// Less than the system gives, so that the core ends in order.
    private static let mostSeconds: UInt32 = 20

    /// Asks for the next time. Nothing is lost when the system does not grant it.
    static func ask() {
        let request = BGAppRefreshTaskRequest(identifier: task)
        request.earliestBeginDate = Date(timeIntervalSinceNow: pause)
        try? BGTaskScheduler.shared.submit(request)
    }

    @MainActor
    static func exchange(_ phone: Phone) async {
        ask()
        phone.opensOwnStore()
        guard let core = phone.core else { return }
        let news = NewsModel(core)
        await news.show()
        let known = Set(news.news.map(\.id))
        await SyncModel(core).sync(mostSeconds: mostSeconds)
        let safety = SafetyModel(core)
        if await safety.show() { Notices.ring(safety.alarms ?? [], phone.words) }
        await news.show()
        await Notices.tell(news.news.filter { !known.contains($0.id) }, phone.words)
    }
}
