// What the phone tells while the app is not on the screen. Notices stay short: what they are about is in the encrypted store.

import CoreLocation
import FieldlineCore
import FieldlineFFI
import UserNotifications

enum Notices {
    /// Near enough that a technician wants to see the job.
    private static let nearMeters: CLLocationDistance = 200
    private static let near = "near."
    private static let mostAlarms = 8
    fileprivate static let safety = "safety."
    private static let foreground = Foreground()

    static func askForLeave() async {
        UNUserNotificationCenter.current().delegate = foreground
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

    /// Rings at these moments, also while the app is closed, and at no others any more. What has rung is seen until it is answered.
    /// Numbered and without waiting, so that what is set last is what rings.
    static func ring(_ alarms: [Alarm], _ words: Words) {
        let center = UNUserNotificationCenter.current()
        let numbers = (0..<mostAlarms).map { "\(safety)\($0)" }
        center.removePendingNotificationRequests(withIdentifiers: numbers)
        if !alarms.contains(where: \.hasRung) { center.removeDeliveredNotifications(withIdentifiers: numbers) }
        for (number, alarm) in zip(numbers, alarms) where !alarm.hasRung {
            let content = UNMutableNotificationContent()
            content.title = words.say("say_safe")
            content.body = alarm.job
            content.sound = .defaultRingtone
            content.interruptionLevel = .timeSensitive
            // No trigger takes a time that has passed.
            let wait = max(1, alarm.at.timeIntervalSinceNow)
            let trigger = UNTimeIntervalNotificationTrigger(timeInterval: wait, repeats: false)
            center.add(UNNotificationRequest(identifier: number, content: content, trigger: trigger))
        }
    }

    private static func add(_ id: String, _ content: UNNotificationContent, _ trigger: UNNotificationTrigger?) async {
        let request = UNNotificationRequest(identifier: id, content: content, trigger: trigger)
        try? await UNUserNotificationCenter.current().add(request)
    }
}

/// While the app is on the screen it shows itself what is new; an alarm rings there, too.
private final class Foreground: NSObject, UNUserNotificationCenterDelegate, Sendable {
    func userNotificationCenter(_: UNUserNotificationCenter, willPresent notification: UNNotification) async
        -> UNNotificationPresentationOptions
    {
        notification.request.identifier.hasPrefix(Notices.safety) ? [.banner, .list, .sound] : []
    }
}
