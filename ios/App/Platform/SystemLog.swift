// What the core notes for whoever is asked for help, in the system's log.

import FieldlineFFI
import OSLog

final class SystemLog: LogSink {
    private let log = Logger(subsystem: "org.fieldline", category: "core")

    func log(level: LogLevel, line: String) {
        switch level {
        case .error: log.error("\(line, privacy: .public)")
        case .warning: log.warning("\(line, privacy: .public)")
        case .info: log.info("\(line, privacy: .public)")
        }
    }
}
