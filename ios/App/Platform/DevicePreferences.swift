// What the app remembers outside the encrypted store, and what an organisation's device management sets for it: nothing secret.

import FieldlineCore
import Foundation

final class DevicePreferences: Preferences, @unchecked Sendable {
    private let kept = UserDefaults.standard

    func read(_ name: String) -> String? {
        kept.string(forKey: name) ?? managed[name] as? String
    }

    func write(_ name: String, _ value: String?) {
        kept.set(value, forKey: name)
    }

    /// Whether several people share this phone.
    var isShared: Bool {
        managed["shared_phone"] as? Bool ?? kept.bool(forKey: "shared_phone")
    }

    private var managed: [String: Any] {
        kept.dictionary(forKey: "com.apple.configuration.managed") ?? [:]
    }
}
