// Keys of the encrypted stores in the keychain: on this device only, never in a backup, and readable in the background once the phone
// was unlocked after it was switched on.

import FieldlineFFI
import Foundation
import Security

final class KeychainSecrets: SecretStore {
    func load(name: String) throws -> Data? {
        var query = query(name)
        query[kSecReturnData] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        try check(status)
        return found as? Data
    }

    func save(name: String, secret: Data) throws {
        let value = [kSecValueData: secret] as CFDictionary
        let status = SecItemUpdate(query(name) as CFDictionary, value)
        if status != errSecItemNotFound { return try check(status) }
        var item = query(name)
        item[kSecValueData] = secret
        item[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        try check(SecItemAdd(item as CFDictionary, nil))
    }

    func remove(name: String) throws {
        let status = SecItemDelete(query(name) as CFDictionary)
        if status != errSecItemNotFound { try check(status) }
    }

    private func query(_ name: String) -> [CFString: Any] {
        [kSecClass: kSecClassGenericPassword, kSecAttrService: "org.fieldline.store", kSecAttrAccount: name]
    }

    private func check(_ status: OSStatus) throws {
        if status == errSecSuccess { return }
        let words = SecCopyErrorMessageString(status, nil) as String?
        throw PlatformError.Failed(message: words ?? "keychain error \(status)")
    }
}
