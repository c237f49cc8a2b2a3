// This phone: whose store is open, and what the platform brings.

import FieldlineCore
import FieldlineFFI
import Foundation
import Observation
import UIKit

@MainActor
@Observable
final class Phone {
    private(set) var core: OpenStore?
    private(set) var problem: Problem?
    private(set) var words = Words.chosen

    let preferences = DevicePreferences()
    let pictures = DevicePictures()
    let whereabouts = Whereabouts()
    let shared: SharedPhoneModel
    private let stores: Stores

    init() {
        stores = Stores(whereabouts: whereabouts)
        shared = SharedPhoneModel(preferences, stores)
    }

    var isShared: Bool { preferences.isShared }
    var name: String { UIDevice.current.name }

    /// A shared phone waits for whoever comes in.
    func opensOwnStore() {
        if isShared || core != nil { return }
        do {
            core = OpenStore(try stores.open(Stores.own))
            problem = nil
        } catch {
            problem = Problem(error)
        }
    }

    func enters() {
        core = shared.store.map { OpenStore($0) }
    }

    func goesOut() {
        core = nil
        Notices.ring([], words)
        shared.goOut()
    }

    /// The store is gone; another is opened.
    func beginsAnew() {
        goesOut()
        opensOwnStore()
    }

    func speaksAnew() {
        words = .chosen
    }
}
