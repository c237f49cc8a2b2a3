// Opening encrypted stores: where they lie, and what the platform brings for them.

import CommonCrypto
import FieldlineCore
import FieldlineFFI
import Foundation

struct Stores: SharedStores {
    /// Of a phone that has one owner.
    static let own = "store"
    /// Guessing a PIN from a copy of the preferences costs this many hashes a guess.
    private static let rounds: UInt32 = 120_000
    private static let hashBytes = 32

    let whereabouts: Whereabouts

    func open(_ directory: String) throws -> Fieldline {
        let support = try FileManager.default.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var folder = support.appendingPathComponent(directory, isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Its key stays on this phone, so a copy elsewhere is of no use.
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        let platform = Platform(
            secrets: KeychainSecrets(), http: URLSessionTransport(), locator: whereabouts, log: SystemLog())
        return try Fieldline.open(directory: folder.path, platform: platform)
    }

    func hashed(_ secret: String, salt: Data) throws -> Data {
        var hash = Data(count: Self.hashBytes)
        let status = hash.withUnsafeMutableBytes { hash in
            salt.withUnsafeBytes { salt in
                CCKeyDerivationPBKDF(
                    CCPBKDFAlgorithm(kCCPBKDF2), secret, secret.utf8.count,
                    salt.bindMemory(to: UInt8.self).baseAddress, salt.count,
                    CCPseudoRandomAlgorithm(kCCPRFHmacAlgSHA256), Self.rounds,
                    hash.bindMemory(to: UInt8.self).baseAddress, Self.hashBytes)
            }
        }
        guard status == kCCSuccess else { throw PlatformError.Failed(message: "hashing failed (\(status))") }
        return hash
    }
}
