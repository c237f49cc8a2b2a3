// The words on the screens, in the language of the phone or in the one chosen in the settings.

import FieldlineFFI
import Foundation
import SwiftUI

struct Words {
    static let languages = ["en", "de", "es", "ar"]

    let locale: Locale
    private let bundle: Bundle

    /// Nothing chosen is the phone's own language.
    init(_ language: String) {
        let path = Bundle.main.path(forResource: language, ofType: "lproj")
        bundle = path.flatMap(Bundle.init(path:)) ?? .main
        locale = language.isEmpty ? .current : Locale(identifier: language)
    }

    static var chosen: Words { Words(UserDefaults.standard.string(forKey: "language") ?? "") }

    var direction: LayoutDirection {
        locale.language.characterDirection == .rightToLeft ? .rightToLeft : .leftToRight
    }

    /// A word with its gaps filled in.
    func say(_ word: String, _ with: String...) -> String {
        let text = bundle.localizedString(forKey: word, value: nil, table: nil)
        return with.isEmpty ? text : String(format: text, locale: locale, arguments: with.map { $0 as NSString })
    }

    /// A name the core uses, such as the step `start_travel`; names of an organisation's own stay as they are.
    func named(_ kind: String, _ name: String) -> String {
        let word = "\(kind)_\(name)"
        let text = bundle.localizedString(forKey: word, value: nil, table: nil)
        return text == word ? name.replacingOccurrences(of: "_", with: " ").capitalized(with: locale) : text
    }

    /// A moment as people here write it; the day is left out when it is today.
    func moment(_ at: Date) -> String {
        let isToday = Calendar.current.isDateInToday(at)
        return at.formatted(Date.FormatStyle(date: isToday ? .omitted : .abbreviated, time: .shortened, locale: locale))
    }
}

extension Happened {
    var word: String {
        switch self {
        case .came: "came"
        case .edited: "edited"
        case .left: "left"
        }
    }
}

private struct WordsKey: EnvironmentKey {
    static let defaultValue = Words("")
}

extension EnvironmentValues {
    var words: Words {
        get { self[WordsKey.self] }
        set { self[WordsKey.self] = newValue }
    }
}
