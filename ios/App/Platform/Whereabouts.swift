// Where the phone is, as far as its owner lets the app know.

import CoreLocation
import FieldlineFFI
import Foundation

final class Whereabouts: NSObject, Locator, CLLocationManagerDelegate, @unchecked Sendable {
    /// An older place says where the phone was.
    private static let oldest: TimeInterval = 600

    private let manager = CLLocationManager()
    private let lock = NSLock()
    private var last: CLLocation?

    /// On the main thread, where the manager then reports.
    func begin() {
        manager.delegate = self
        manager.desiredAccuracy = kCLLocationAccuracyHundredMeters
        manager.requestWhenInUseAuthorization()
        manager.startUpdatingLocation()
    }

    func here() -> Place? {
        let last = lock.withLock { last }
        guard let last, -last.timestamp.timeIntervalSinceNow < Self.oldest else { return nil }
        return Place(
            latitude: last.coordinate.latitude, longitude: last.coordinate.longitude,
            accuracyMetres: last.horizontalAccuracy >= 0 ? last.horizontalAccuracy : nil)
    }

    func locationManager(_: CLLocationManager, didUpdateLocations locations: [CLLocation]) {
        lock.withLock { last = locations.last ?? last }
    }

    func locationManager(_: CLLocationManager, didFailWithError _: any Error) {}
}
