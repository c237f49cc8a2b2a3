// Reads bar codes and QR codes on parts and assets.

import SwiftUI
import VisionKit

struct Scanner: UIViewControllerRepresentable {
    /// Not every phone can.
    @MainActor static var isThere: Bool {
        DataScannerViewController.isSupported && DataScannerViewController.isAvailable
    }

    let read: (String) -> Void

    func makeCoordinator() -> Coordinator {
        Coordinator(read: read)
    }

    func makeUIViewController(context: Context) -> DataScannerViewController {
        let scanner = DataScannerViewController(recognizedDataTypes: [.barcode()], isHighlightingEnabled: true)
        scanner.delegate = context.coordinator
        try? scanner.startScanning()
        return scanner
    }

    func updateUIViewController(_: DataScannerViewController, context _: Context) {}

    static func dismantleUIViewController(_ scanner: DataScannerViewController, coordinator _: Coordinator) {
        scanner.stopScanning()
    }

    final class Coordinator: NSObject, DataScannerViewControllerDelegate {
        private let read: (String) -> Void
        private var isRead = false

        init(read: @escaping (String) -> Void) {
            self.read = read
        }

        func dataScanner(_: DataScannerViewController, didAdd added: [RecognizedItem], allItems _: [RecognizedItem]) {
            for case .barcode(let code) in added {
                // More may come before the scanner is gone, and a part must not be used twice.
                guard !isRead, let text = code.payloadStringValue else { continue }
                isRead = true
                read(text)
            }
        }
    }
}
