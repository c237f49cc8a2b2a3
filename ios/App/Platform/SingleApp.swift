// A kiosk shows this app and nothing else. The system allows it where device management has named the app for it; elsewhere a person
// starts Guided Access themselves.

import UIKit

enum SingleApp {
    @MainActor
    @discardableResult
    static func mode(_ isOn: Bool) async -> Bool {
        if UIAccessibility.isGuidedAccessEnabled == isOn { return true }
        return await withCheckedContinuation { asked in
            UIAccessibility.requestGuidedAccessSession(enabled: isOn) { asked.resume(returning: $0) }
        }
    }
}
