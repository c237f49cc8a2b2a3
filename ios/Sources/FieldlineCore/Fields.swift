// Reading fields of listed records, and making values of what a person typed.

import FieldlineFFI
import Foundation

extension [ListedField] {
    func value(_ name: String) -> FieldValue? {
        first { $0.name == name }?.value
    }

    func text(_ name: String) -> String {
        if case .text(let text) = value(name) { text } else { "" }
    }

    func moment(_ name: String) -> Date? {
        if case .time(let at) = value(name) { at } else { nil }
    }

    func reference(_ name: String) -> SysId? {
        if case .reference(let id) = value(name) { id } else { nil }
    }

    func degrees(_ name: String) -> Double? {
        if case .decimal(let digits) = value(name) { Double(digits) } else { nil }
    }
}

extension Item {
    /// Where a location is, when it says so.
    var place: Place? {
        guard let latitude = fields.degrees("latitude"), let longitude = fields.degrees("longitude") else { return nil }
        return Place(latitude: latitude, longitude: longitude)
    }
}

/// Text as people type it into fields, and what it means.
public struct Typed: Sendable {
    private let timeZone: TimeZone

    public init(timeZone: TimeZone) {
        self.timeZone = timeZone
    }

    /// What was typed into a field; nothing typed empties it. `nil` when the text cannot be such a value.
    func change(_ field: String, _ kind: FieldKind, _ text: String) -> FieldChange? {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { return FieldChange(field: field, value: nil) }
        return value(kind, text).map { FieldChange(field: field, value: $0) }
    }

    private func value(_ kind: FieldKind, _ text: String) -> FieldValue? {
        switch kind {
        case .text: .text(text: text)
        case .integer: Int64(text).map { .integer(number: $0) }
        case .decimal: .decimal(digits: text)
        case .boolean: Bool(text).map { .boolean(yes: $0) }
        case .time: moment(text).map { .time(at: $0) }
        case .reference: .reference(sysId: SysId(hex: text))
        case .references: .references(sysIds: text.split(separator: ",").map { SysId(hex: $0.trimmed) })
        }
    }

    /// A moment as people type it: `2026-11-28 08:30`.
    public func moment(_ text: String) -> Date? {
        formatter.date(from: text)
    }

    public func text(_ moment: Date) -> String {
        formatter.string(from: moment)
    }

    private var formatter: DateFormatter {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = timeZone
        formatter.dateFormat = "yyyy-MM-dd HH:mm"
        return formatter
    }
}

extension Substring {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
