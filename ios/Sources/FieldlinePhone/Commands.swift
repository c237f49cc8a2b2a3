// What a person does, from JSON.

import FieldlineFFI
import Foundation

extension Given {
    func command() throws -> Command {
        let kind = try text("kind")
        switch kind {
        case "create": return .create(table: try text("table"), fields: try changes())
        case "set_fields": return .setFields(record: try record(), fields: try changes())
        case "confirm": return .confirm(record: try record(), field: try text("field"))
        case "include":
            return .include(record: try record(), field: try text("field"), item: try sysId("item"))
        case "exclude":
            return .exclude(record: try record(), field: try text("field"), item: try sysId("item"))
        case "comment": return .comment(record: try record(), text: try text("text"))
        case "work_note": return .workNote(record: try record(), text: try text("text"))
        case "transition": return try transition()
        case "on_site": return .onSite(deed: try given("deed").deed())
        case "discard_held": return .discardHeld(counter: try number("counter").uint64Value)
        case "resend_held": return .resendHeld(counter: try number("counter").uint64Value)
        default: return try entry(kind)
        }
    }

    /// What is done on site beside the work itself.
    private func deed() throws -> SiteDeed {
        let kind = try text("kind")
        switch kind {
        case "sign":
            return .sign(
                record: try record(), signer: try text("signer"), name: try text("name"),
                picture: try captured("picture"))
        case "refuse_signature":
            return .refuseSignature(record: try record(), signer: try text("signer"), reason: try text("reason"))
        case "mark_up":
            return .markUp(
                record: try record(), original: try blob("original"), picture: try captured("picture"))
        case "name_photo":
            return .namePhoto(record: try record(), photo: try blob("photo"), shows: try text("shows"))
        case "meter_replaced": return .meterReplaced(record: try record(), meter: try text("meter"))
        case "safe": return .safe(record: try record())
        case "help": return .help(record: try record())
        case "spend": return .spend(expense: try given("expense").expense())
        case "follow_up":
            return .followUp(
                record: try record(), table: try text("table"), shortDescription: try text("short_description"))
        default: throw Malformed(what: "nobody does \(kind) on site")
        }
    }

    private func expense() throws -> Expense {
        Expense(
            record: try record(), purpose: try text("purpose"), cost: maybeText("cost"),
            currency: maybeText("currency"), quantity: maybeText("quantity"), description: maybeText("description"),
            receipt: self["receipt"] == nil ? nil : try captured("receipt"))
    }

    private func transition() throws -> Command {
        .transition(
            record: try record(), step: try text("step"), reason: maybeText("reason"), fields: try changes(),
            comment: maybeText("comment"))
    }

    /// What adds to a journal.
    private func entry(_ kind: String) throws -> Command {
        switch kind {
        case "answer":
            return .answer(
                record: try record(), question: try text("question"), answer: try text("answer"),
                photo: try maybe("photo").map { BlobHash(hex: try $0.text("hex")) })
        case "use_part":
            return .usePart(
                record: try record(), model: try sysId("model"), quantity: try whole("quantity"),
                asset: try maybeSysId("asset"), stockroom: try maybeSysId("stockroom"))
        case "count":
            return .count(
                stockroom: try sysId("stockroom"), model: try sysId("model"), quantity: try whole("quantity"),
                reason: try text("reason"))
        case "log_time":
            return .logTime(
                record: try record(), purpose: try text("purpose"), startedAt: try moment("started_at"),
                endedAt: try moment("ended_at"))
        case "read_meter":
            return .readMeter(
                record: try record(), meter: try text("meter"), value: try text("value"), unit: try text("unit"))
        default: return try attachment(kind)
        }
    }

    private func attachment(_ kind: String) throws -> Command {
        switch kind {
        case "add_photo":
            return .addPhoto(
                record: try record(), photo: try captured("photo"),
                thumbnail: self["thumbnail"] == nil ? nil : try captured("thumbnail"))
        case "add_signature": return .addSignature(record: try record(), signature: try captured("signature"))
        case "add_file": return .addFile(record: try record(), file: try captured("file"))
        case "add_report": return .addReport(record: try record())
        default: throw Malformed(what: "nobody can do \(kind)")
        }
    }

    func swap() throws -> Swap {
        Swap(
            task: try record("task"), removed: try text("removed"), installed: try text("installed"),
            stockroom: try maybeSysId("stockroom"), isDefective: try yes("is_defective"))
    }

    private func changes() throws -> [FieldChange] {
        try many("fields").map { FieldChange(field: try $0.text("field"), value: try $0.maybe("value")?.value()) }
    }

    private func value() throws -> FieldValue {
        let kind = try text("kind")
        switch kind {
        case "text": return .text(text: try text("text"))
        case "integer": return .integer(number: try whole("number"))
        case "decimal": return .decimal(digits: try text("digits"))
        case "boolean": return .boolean(yes: try yes("yes"))
        case "time": return .time(at: try moment("at"))
        case "reference": return .reference(sysId: try sysId("sys_id"))
        case "references": return .references(sysIds: try sysIds("sys_ids"))
        default: throw Malformed(what: "no field holds a \(kind)")
        }
    }

    private func captured(_ name: String) throws -> Captured {
        let captured = try given(name)
        let given = try captured.given("content")
        let content: Content =
            try given.text("kind") == "source"
            ? .source(source: OnDisk(path: try given.text("path"))) : .bytes(bytes: try given.bytes("bytes"))
        return Captured(
            content: content, fileName: try captured.text("file_name"), contentType: try captured.text("content_type"))
    }
}

/// A captured file of the platform.
final class OnDisk: FileSource {
    private let path: String

    init(path: String) {
        self.path = path
    }

    func read() throws -> Data {
        try ofThePlatform { try Data(contentsOf: URL(fileURLWithPath: path)) }
    }
}

/// What fails outside is told in the words of the bindings.
func ofThePlatform<T>(_ work: () throws -> T) throws -> T {
    do { return try work() } catch { throw PlatformError.Failed(message: error.localizedDescription) }
}
