// JSON whose fields keep the order they are declared in: the driver names identities by the order they come in, so phones of all
// languages must tell the same things in the same order. Foundation's objects have none.

import Foundation

indirect enum Json {
    case null
    case yes(Bool)
    case whole(Int64)
    case number(Double)
    case text(String)
    case list([Json])
    case fields([(name: String, value: Json)])

    var written: String {
        switch self {
        case .null: "null"
        case .yes(let yes): "\(yes)"
        case .whole(let number): "\(number)"
        case .number(let number): "\(number)"
        case .text(let text): Self.quoted(text)
        case .list(let items): "[" + items.map(\.written).joined(separator: ",") + "]"
        case .fields(let fields):
            "{" + fields.map { Self.quoted($0.name) + ":" + $0.value.written }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for letter in text.unicodeScalars {
            switch letter {
            case "\"", "\\": quoted += "\\\(letter)"
            case _ where letter.value < 0x20: quoted += String(format: "\\u%04x", letter.value)
            default: quoted.unicodeScalars.append(letter)
            }
        }
        return quoted + "\""
    }
}
