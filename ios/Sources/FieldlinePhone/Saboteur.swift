// Makes a call of the core panic on purpose.
//
// An observer's functions cannot throw, and Swift has no exception that nobody declared, so an app cannot do this by mistake. The
// phone answers below Swift, where callbacks answer the core, what the bindings would answer for an observer they have lost.

import FieldlineFFI
import Foundation
import fieldline_ffiFFI

final class Saboteur: CallObserver, @unchecked Sendable {
    private struct Strike: Equatable {
        let function: String
        let isAfterItsWork: Bool
    }

    private static let one = Saboteur()

    /// The only one, with its own answers in place of the bindings'.
    static let atWork: Saboteur = {
        // The bindings put theirs in place with the first call of all.
        _ = coreVersion()
        let answers = UnsafeMutablePointer<UniffiVTableCallbackInterfaceCallObserver>.allocate(capacity: 1)
        answers.initialize(to: Saboteur.answers)
        uniffi_fieldline_ffi_fn_init_callback_vtable_callobserver(answers)
        return one
    }()

    private static let answers = UniffiVTableCallbackInterfaceCallObserver(
        uniffiFree: { _ = try? FfiConverterTypeCallObserver.lift($0) },
        uniffiClone: { _ in FfiConverterTypeCallObserver.lower(one) },
        begins: { _, function, _, status in
            if one.strikes(Strike(function: taken(function), isAfterItsWork: false)) {
                status.pointee.code = unexpected
            }
        },
        ends: { _, function, _, status in
            if one.strikes(Strike(function: taken(function), isAfterItsWork: true)) { status.pointee.code = unexpected }
        })

    /// What the border calls an error that was not declared.
    private static let unexpected: Int8 = 2

    private let lock = NSLock()
    private var planned: Strike?

    /// In the next call of a function, before its work or after it, and then no more.
    func plans(function: String, afterItsWork: Bool) {
        lock.withLock { planned = Strike(function: function, isAfterItsWork: afterItsWork) }
    }

    func begins(function _: String) {}

    func ends(function _: String) {}

    private func strikes(_ now: Strike) -> Bool {
        lock.withLock {
            guard planned == now else { return false }
            planned = nil
            return true
        }
    }

    private static func taken(_ buffer: RustBuffer) -> String {
        let text = String(decoding: UnsafeBufferPointer(start: buffer.data, count: Int(buffer.len)), as: UTF8.self)
        var status = RustCallStatus()
        ffi_fieldline_ffi_rustbuffer_free(buffer, &status)
        return text
    }
}
