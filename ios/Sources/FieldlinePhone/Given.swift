// Arguments from JSON. Every kind of value the bindings take is read in one place.

import FieldlineFFI
import Foundation

/// What the driver wrote is not what the protocol says.
struct Malformed: Error {
    let what: String
}

/// The named arguments of a call, or the fields of a value.
struct Given {
    let fields: [String: Any]

    init(_ json: Any?) {
        fields = json as? [String: Any] ?? [:]
    }

    subscript(name: String) -> Any? {
        let value = fields[name]
        return value is NSNull ? nil : value
    }

    private func wanted<T>(_ name: String, _ value: T?) throws -> T {
        guard let value else { throw Malformed(what: "\(name) is missing or malformed in \(fields)") }
        return value
    }

    func given(_ name: String) throws -> Given { Given(try wanted(name, self[name])) }

    func maybe(_ name: String) -> Given? { self[name].map { Given($0) } }

    func many(_ name: String) -> [Given] { (self[name] as? [Any] ?? []).map { Given($0) } }

    func text(_ name: String) throws -> String { try wanted(name, self[name] as? String) }

    func maybeText(_ name: String) -> String? { self[name] as? String }

    func texts(_ name: String) -> [String] { self[name] as? [String] ?? [] }

    func number(_ name: String) throws -> NSNumber { try wanted(name, self[name] as? NSNumber) }

    func whole(_ name: String) throws -> Int64 { try number(name).int64Value }

    func yes(_ name: String) throws -> Bool { try number(name).boolValue }

    func moment(_ name: String) throws -> Moment { Date(timeIntervalSince1970: try number(name).doubleValue / 1000) }

    func bytes(_ name: String) throws -> Data { try wanted(name, unhexed(try text(name))) }

    func sysId(_ name: String) throws -> SysId { SysId(hex: try given(name).text("hex")) }

    func maybeSysId(_ name: String) throws -> SysId? { try maybe(name).map { SysId(hex: try $0.text("hex")) } }

    func sysIds(_ name: String) throws -> [SysId] { try many(name).map { SysId(hex: try $0.text("hex")) } }

    func blob(_ name: String) throws -> BlobHash { BlobHash(hex: try given(name).text("hex")) }

    func record(_ name: String = "record") throws -> RecordId {
        let record = try given(name)
        return RecordId(table: try record.text("table"), sysId: try record.sysId("sys_id"))
    }

    func place() throws -> Place {
        Place(latitude: try number("latitude").doubleValue, longitude: try number("longitude").doubleValue)
    }
}

func unhexed(_ digits: String) -> Data? {
    let digits = Array(digits.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes = Data(capacity: digits.count / 2)
    for at in stride(from: 0, to: digits.count, by: 2) {
        guard let high = nibble(digits[at]), let low = nibble(digits[at + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}

private func nibble(_ digit: UInt8) -> UInt8? {
    Character(UnicodeScalar(digit)).hexDigitValue.map { UInt8($0) }
}
