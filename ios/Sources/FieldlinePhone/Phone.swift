// The phone of the scenarios in Swift: JSON lines in, calls of the bindings, JSON lines out (tests/scenarios/src/phone.rs), so that a
// driver can play the same days on phones of every language and compare what they say.

import FieldlineFFI
import Foundation

@main
struct Phone {
    static func main() async throws {
        try await answers()
    }

    /// Off the main thread, which belongs to an app's screens.
    private static func answers() async throws {
        let calls = Calls()
        while let line = readLine() {
            let answer = await answered(line, by: calls)
            FileHandle.standardOutput.write(Data((answer.written + "\n").utf8))
        }
    }

    private static func answered(_ line: String, by calls: Calls) async -> Json {
        do {
            let question = Given(try JSONSerialization.jsonObject(with: Data(line.utf8)))
            return .fields([("ok", try await calls.answer(question.text("call"), Given(question["with"])))])
        } catch let error as FieldlineError {
            return .fields([("error", told(error))])
        } catch {
            return .fields([("error", .fields([("kind", .text("phone")), ("message", .text("\(error)"))]))])
        }
    }
}
