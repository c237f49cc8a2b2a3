// The calls a driver makes: each function of the core under its own name. What is the phone's own is in the file beside.

import FieldlineFFI
import Foundation

final class Calls {
    let world = World()
    private var store: Fieldline?
    private var plan: PlannedDay?

    func answer(_ call: String, _ given: Given) async throws -> Json {
        switch call {
        case "platform": return told(try world.set(given))
        case "close": return told(close())
        case "events": return told(world.events())
        case "trial_panic": return told(try trialPanic(given))
        case "open": return told(try open(given.text("directory")))
        case "core_version": return told(coreVersion())
        case "cycles":
            return try cycles(
                try given.text("directory"), count: Int(try given.whole("count")), platform: world.platform)
        default: return try await ofTheStore(call, given, opened())
        }
    }

    private func close() {
        (plan, store) = (nil, nil)
    }

    private func open(_ directory: String) throws {
        store = try Fieldline.open(directory: directory, platform: world.platform())
    }

    private func opened() throws -> Fieldline {
        guard let store else { throw Malformed(what: "`open` comes first") }
        return store
    }

    private func planned() throws -> PlannedDay {
        guard let plan else { throw Malformed(what: "`plan_day` comes first") }
        return plan
    }

    private func trialPanic(_ given: Given) throws {
        Saboteur.atWork.plans(function: try given.text("function"), afterItsWork: try given.yes("after_its_work"))
    }

    private func ofTheStore(_ call: String, _ given: Given, _ store: Fieldline) async throws -> Json {
        if let answer = try await exchange(call, given, store) { return answer }
        if let answer = try list(call, given, store) { return answer }
        if let answer = try day(call, given, store) { return answer }
        if let answer = try standing(call, given, store) { return answer }
        throw Malformed(what: "the core has no \(call)")
    }

    private func exchange(_ call: String, _ given: Given, _ store: Fieldline) async throws -> Json? {
        switch call {
        case "sign_in":
            return told(
                try await store.signIn(
                    server: given.text("server"), userName: given.text("user_name"), password: given.text("password"),
                    deviceName: given.text("device_name")))
        case "enrol":
            return told(
                try await store.enrol(
                    server: given.text("server"), invitation: given.text("invitation"),
                    deviceName: given.text("device_name")))
        case "sync":
            let most = (given["most_seconds"] as? NSNumber)?.uint32Value
            return told(try await store.sync(listener: world, mostSeconds: most))
        case "visit_kiosk": return told(try await store.visitKiosk(address: given.text("address")))
        case "cancel_sync": return told(try await store.cancelSync(after: given.whole("after_milliseconds"), world))
        case "in_step": return told(try await store.inStep(for: given.whole("for_milliseconds"), world))
        default: return nil
        }
    }

    private func list(_ call: String, _ given: Given, _ store: Fieldline) throws -> Json? {
        let columns = given.texts("columns")
        switch call {
        case "today":
            return told(try store.today(from: given.moment("from"), until: given.moment("until"), columns: columns))
        case "time_today": return try store.timeToday(given)
        case "by_state":
            return told(try store.byState(table: given.text("table"), state: given.whole("state"), columns: columns))
        case "by_table": return told(try store.byTable(table: given.text("table"), columns: columns))
        case "by_site": return told(try store.bySite(location: given.sysId("location"), columns: columns))
        case "by_asset": return told(try store.byAsset(asset: given.sysId("asset"), columns: columns))
        case "referring":
            return told(
                try store.referring(target: given.sysId("target"), table: given.text("table"), columns: columns))
        case "search": return told(try store.search(text: given.text("text"), columns: columns))
        case "van_stock": return told(try store.vanStock())
        case "leases": return told(try store.leases())
        case "resolve_code": return told(try store.resolveCode(code: given.text("code")))
        case "swap": return told(try store.swap(swap: given.given("swap").swap()))
        case "needs_attention": return told(try store.needsAttention())
        case "what_changed": return told(try store.whatChanged())
        case "outbox": return told(try store.outbox())
        default: return nil
        }
    }

    private func day(_ call: String, _ given: Given, _ store: Fieldline) throws -> Json? {
        switch call {
        case "plan_day":
            let planned = try store.planDay(
                from: given.moment("from"), until: given.moment("until"), here: given.given("here").place())
            plan = planned
            return told(try planned.shown())
        case "shown": return told(try planned().shown())
        case "take_day": return told(try store.takeDay(plan: planned()))
        default: return nil
        }
    }

    private func standing(_ call: String, _ given: Given, _ store: Fieldline) throws -> Json? {
        switch call {
        case "enrolled": return told(try store.enrolled() as Any)
        case "salvage": return told(try store.salvage() as Any)
        case "execute": return told(try store.execute(command: given.given("command").command()))
        case "record": return told(try store.record(record: given.record()) as Any)
        case "sla_clocks": return told(try store.slaClocks(record: given.record()))
        case "checklists": return told(try store.checklists(record: given.record()))
        case "signatures": return told(try store.signatures(record: given.record()))
        case "safety": return told(try store.safety())
        case "form": return told(try store.form(record: given.record()) as Any)
        case "looked_at": return told(try store.lookedAt(through: given.number("through").uint64Value))
        case "sync_status": return told(try store.syncStatus())
        case "file": return told(try store.file(blob: given.blob("blob")) as Any)
        case "fetch": return told(try store.fetch(record: given.record(), blob: given.blob("blob")))
        case "set_budget_bytes": return told(try store.setBudgetBytes(bytes: given.number("bytes").uint32Value))
        case "network_is_back": return told(try store.networkIsBack())
        case "stop": return told(try store.stop())
        case "tidy": return told(try store.tidy())
        case "wipe": return told(try store.wipe())
        default: return nil
        }
    }
}
