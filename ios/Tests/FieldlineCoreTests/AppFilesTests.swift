// What can be said about the app's files without Apple's compiler: every word is there in every language, with the same gaps, and
// whatever a flow taps is on a screen.

import FieldlineCore
import XCTest

final class AppFilesTests: XCTestCase {
    private let languages = ["ar", "de", "en", "es"]
    private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")

    private struct Catalogue: Decodable {
        struct Word: Decodable {
            let localizations: [String: Localization]
        }
        struct Localization: Decodable {
            let stringUnit: Unit
        }
        struct Unit: Decodable {
            let value: String
        }
        let strings: [String: Word]
    }

    private func catalogue(_ name: String) throws -> Catalogue {
        let file = package.appendingPathComponent("App/Resources/\(name).xcstrings")
        return try JSONDecoder().decode(Catalogue.self, from: Data(contentsOf: file))
    }

    private func texts(_ folder: String, _ ending: String) throws -> [String] {
        let folder = package.appendingPathComponent(folder)
        let files = try XCTUnwrap(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        let named = files.compactMap { $0 as? URL }.filter { $0.pathExtension == ending }
        return try named.map { try String(contentsOf: $0, encoding: .utf8) }
    }

    private func found(_ pattern: String, in text: String) throws -> [String] {
        try text.matches(of: Regex(pattern)).compactMap { $0.output[1].substring.map(String.init) }
    }

    func test_every_word_is_there_in_every_language_with_the_same_gaps() throws {
        for (name, word) in try catalogue("Localizable").strings.merging(
            catalogue("InfoPlist").strings, uniquingKeysWith: { $1 })
        {
            XCTAssertEqual(word.localizations.keys.sorted(), languages, name)
            let gaps = try word.localizations.values.map { try found("(%\\d\\$@)", in: $0.stringUnit.value).sorted() }
            XCTAssertEqual(Set(gaps).count, 1, "\(name) has other gaps in another language")
            XCTAssertFalse(word.localizations.values.contains { $0.stringUnit.value.isEmpty }, name)
        }
    }

    func test_every_word_a_screen_says_is_in_the_catalogue() throws {
        let words = Set(try catalogue("Localizable").strings.keys)
        for text in try texts("App", "swift") {
            for said in try found("(?:say|link|tab)\\(\\s*\"([a-z_]+)\"", in: text) {
                XCTAssertTrue(words.contains(said), "\(said) is said and in no language")
            }
        }
        for remedy in Remedy.allCases {
            let word = remedy.rawValue.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
            XCTAssertTrue(words.contains("remedy_\(word)"), "\(remedy) has no word")
        }
        for table in SearchModel.tables { XCTAssertTrue(words.contains("table_\(table)"), table) }
        for table in ThingModel.tables { XCTAssertTrue(words.contains("thing_\(table)"), table) }
        for purpose in TimeModel.purposes { XCTAssertTrue(words.contains("time_\(purpose)"), purpose) }
    }

    func test_whatever_a_flow_looks_for_by_its_id_is_on_a_screen() throws {
        let screens = try texts("App", "swift").joined()
        let ids = try texts("maestro", "yaml").flatMap { try found("id: \"([^\"]+)\"", in: $0) }
        XCTAssertGreaterThan(ids.count, 20)
        for id in ids {
            let whole = screens.contains("\"\(id)\"")
            // The end of some ids is a name, or a word that is given to a link.
            let cut = id.lastIndex(of: ".").map { String(id[...$0]) } ?? id
            XCTAssertTrue(whole || screens.contains("\"\(cut)\\("), "nothing is called \(id)")
        }
    }
}
