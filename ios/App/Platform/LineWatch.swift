// Tells the core when the network is back, and what it is worth.

import FieldlineCore
import Foundation
import Network

@MainActor
final class LineWatch {
    private let monitor = NWPathMonitor()

    func begin(_ sync: SyncModel, _ settings: SettingsModel) {
        monitor.pathUpdateHandler = { path in
            guard path.status == .satisfied else { return }
            let isMetered = path.isExpensive || path.isConstrained
            Task { @MainActor in
                await settings.isOnLine(metered: isMetered)
                await sync.networkIsBack()
            }
        }
        monitor.start(queue: .main)
    }

    func end() {
        monitor.cancel()
    }
}
