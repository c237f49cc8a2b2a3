// The one form every value of the bindings has in JSON, found by reflection, so that a new record needs no new code.

import FieldlineFFI
import Foundation

/// `sysId` and `SignInAgain` become `sys_id` and `sign_in_again`.
func snake(_ name: String) -> String {
    var snake = ""
    for letter in name {
        if letter.isUppercase && !snake.isEmpty { snake += "_" }
        snake += letter.lowercased()
    }
    return snake
}

func hex(_ bytes: Data) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
}

/// What a value of the bindings is in JSON.
func told(_ value: Any) -> Json {
    switch value {
    case let date as Date: .whole(Int64((date.timeIntervalSince1970 * 1000).rounded()))
    case let bytes as Data: .text(hex(bytes))
    case let text as String: .text(text)
    case let yes as Bool: .yes(yes)
    case let number as Double: .number(number)
    case let number as any FixedWidthInteger: .whole(Int64(clamping: number))
    default: reflected(value)
    }
}

private func reflected(_ value: Any) -> Json {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { told($0.value) } ?? .null
    case .collection: return .list(mirror.children.map { told($0.value) })
    case .enum: return variant(value, mirror)
    case .tuple where mirror.children.isEmpty: return .null
    default: return .fields(fields(mirror))
    }
}

/// A variant with fields, or one of an enum in which others have some, is an object; else it is a word.
private func variant(_ value: Any, _ mirror: Mirror) -> Json {
    if let payload = mirror.children.first {
        let kind = Json.text(snake(payload.label ?? ""))
        return .fields([(name: "kind", value: kind)] + fields(Mirror(reflecting: payload.value)))
    }
    let word = Json.text(snake("\(value)"))
    return value is SyncEvent || value is FieldlineError ? .fields([(name: "kind", value: word)]) : word
}

private func fields(_ mirror: Mirror) -> [(name: String, value: Json)] {
    mirror.children.compactMap { child in child.label.map { (name: snake($0), value: told(child.value)) } }
}
