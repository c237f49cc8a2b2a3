// What the phone tells while the app is not on the screen. Notices stay short: what they are about is in the encrypted store.

import CoreLocation
import FieldlineCore
import FieldlineFFI
import UserNotifications

enum Notices {
    /// Near enough that a technician wants to see the job.
    private static let nearMeters: CLLocationDistance = 200
    private static let near = "near."

    static func askForLeave() async {
        _ = try? await UNUserNotificationCenter.current().requestAuthorization(options: [.alert, .badge, .sound])
    }

    static func tell(_ news: [News], _ words: Words) async {
        for one in news {
            let content = UNMutableNotificationContent()
            content.title = words.say("channel_work")
            content.body = "\(one.display): \(words.named("happened", one.happened.word))"
            content.sound = .default
            await add("news.\(one.id)", content, nil)
        }
    }

    /// Tells of a job when its site is near.
    static func watch(_ jobs: [TodayJob], _ words: Words) async {
        let center = UNUserNotificationCenter.current()
        let old = await center.pendingNotificationRequests().map(\.identifier).filter { $0.hasPrefix(near) }
        center.removePendingNotificationRequests(withIdentifiers: old)
        for job in jobs {
            guard let place = job.place else { continue }
            let content = UNMutableNotificationContent()
            content.title = words.say("near_site")
            content.body = job.number
            let middle = CLLocationCoordinate2D(latitude: place.latitude, longitude: place.longitude)
            let region = CLCircularRegion(center: middle, radius: nearMeters, identifier: job.id)
            region.notifyOnExit = false
            await add(near + job.id, content, UNLocationNotificationTrigger(region: region, repeats: false))
        }
    }

    private static func add(_ id: String, _ content: UNNotificationContent, _ trigger: UNNotificationTrigger?) async {
        let request = UNNotificationRequest(identifier: id, content: content, trigger: trigger)
        try? await UNUserNotificationCenter.current().add(request)
    }
}
